import { NotFound } from '../../src/errors';
import { BlobsBench, type BlobsUnderTest, collect, inPieces, sha256 } from './blobs/bench';
import { describeBlobs } from './blobs/blobs';
import { describeJoining } from './blobs/joining';
import { describeParts } from './blobs/parts';

/** What every form of the blob store does. `open` gives a store with nothing in it. */
export function blobsContract(name: string, open: () => Promise<BlobsUnderTest>): void {
  describe(`blob store: ${name}`, () => {
    const bench = new BlobsBench();

    beforeEach(async () => bench.use(await open()));
    afterEach(() => bench.dispose());

    it('says what it is, answers and knows its free space', async () => {
      expect(bench.store.form).not.toBe('');
      await bench.store.ping();
      expect(await bench.store.freeBytes()).toBeGreaterThan(0);
    });

    describeParts(bench);
    describeBlobs(bench);
    describeJoining(bench);

    it.each<[string, (none: string) => Promise<unknown>]>([
      ['writePart', () => bench.write('nowhere', 0, bench.fresh(10))],
      ['partMatches', () => bench.store.partMatches('nowhere', 0, inPieces(bench.fresh(10)))],
      ['readPart', () => collect(bench.store.readPart('nowhere', 0, 10))],
      ['hashPart', () => bench.store.hashPart('nowhere', 10)],
      ['hashPart of nothing', () => bench.store.hashPart('nowhere', 0)],
      ['publishPart', (none) => bench.store.publishPart('nowhere', none)],
      ['openBlob', (none) => bench.store.openBlob(none)],
      ['hashBlob', (none) => bench.store.hashBlob(none, 1000)],
    ])('%s throws NotFound for what is not there', async (_, call) => {
      await expect(call(sha256(Buffer.from('nothing')))).rejects.toThrow(NotFound);
    });
  });
}
