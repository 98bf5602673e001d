import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { type BlobsBench, collect, collectIds, inPieces, sha256 } from './bench';

/** What parts do until they are published. `bench` is filled afresh before each test. */
export function describeParts(bench: BlobsBench): void {
  describe('parts', () => {
    it('makes a part, twice without harm to what is in it', async () => {
      const content = bench.fresh(bench.chunkSize + 10);
      expect(await bench.store.hasPart('p1')).toBe(false);
      await bench.fill('p1', content);
      await bench.store.createPart('p1', content.length);
      expect(await bench.store.hasPart('p1')).toBe(true);
      expect((await bench.store.hashPart('p1', content.length)).sha256).toBe(sha256(content));
    });

    it('takes chunks in any order and at once, in pieces of any size, and finds the right digest', async () => {
      let run = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 }),
          fc.array(fc.integer({ min: 100, max: 400_000 }), { minLength: 1, maxLength: 4 }),
          fc.integer({ min: 1, max: bench.chunkSize }),
          fc.array(fc.integer({ min: 0, max: 6 * bench.chunkSize }), { maxLength: 4 }),
          async (order, sizes, lastLength, hints) => {
            const content = bench.fresh(4 * bench.chunkSize + lastLength);
            const id = `mixed-${++run}`;
            await bench.store.createPart(id, content.length);
            const counts = await Promise.all(order.map((i) => bench.writeChunk(id, content, i, sizes)));
            expect(counts).toEqual(order.map((i) => (i === 4 ? lastLength : bench.chunkSize)));
            for (const end of hints) bench.store.hashAlong(id, end);
            expect((await bench.store.hashPart(id, content.length)).sha256).toBe(sha256(content));
            await bench.store.discardPart(id);
          },
        ),
        { numRuns: 10, examples: [[[4, 3, 2, 1, 0], [1, 64 * 1024], 1, [6 * 1024]]] },
      );
    });

    it('reads a part while it fills, any stretch of it', async () => {
      const content = bench.fresh(2 * bench.chunkSize + 10);
      await bench.store.createPart('p1', null);
      await bench.writeChunk('p1', content, 1);
      await bench.writeChunk('p1', content, 2);
      for (const [start, end] of [
        [bench.chunkSize, content.length],
        [bench.chunkSize + 3, 2 * bench.chunkSize - 1],
        [2 * bench.chunkSize, 2 * bench.chunkSize + 10],
        [5, 5],
      ] as const) {
        const read = await collect(bench.store.readPart('p1', start, end));
        expect(read.equals(content.subarray(start, end))).toBe(true);
      }
      const beyond = collect(bench.store.readPart('p1', 0, content.length + 1));
      await expect(beyond).rejects.toThrow(/ends at/);
    });

    it('takes a part of unknown size', async () => {
      const content = bench.fresh(2 * bench.chunkSize + 77);
      await bench.store.createPart('growing', null);
      expect(await bench.write('growing', 0, content)).toBe(content.length);
      const { sha256: hash } = await bench.store.hashPart('growing', content.length);
      await bench.store.publishPart('growing', hash);
      expect(hash).toBe(sha256(content));
      expect((await bench.readBlob(hash)).equals(content)).toBe(true);
    });

    it('passes the error of a source on, and the chunk can come again', async () => {
      const content = bench.fresh(2 * bench.chunkSize);
      const broken = new Error('the sender went away');
      async function* breaksOff(): AsyncGenerator<Uint8Array> {
        yield* inPieces(bench.fresh(Math.floor(bench.chunkSize / 2)));
        throw broken;
      }
      await bench.store.createPart('p1', content.length);
      await bench.writeChunk('p1', content, 1);
      await expect(bench.store.writePart('p1', 0, breaksOff())).rejects.toBe(broken);
      await bench.writeChunk('p1', content, 0);
      expect((await bench.store.hashPart('p1', content.length)).sha256).toBe(sha256(content));
    });

    it('drops what a broken-off write left beyond the end', async () => {
      const content = bench.fresh(1000);
      async function* breaksOff(): AsyncGenerator<Uint8Array> {
        yield* inPieces(bench.fresh(bench.chunkSize));
        throw new Error('the sender went away');
      }
      await bench.store.createPart('growing', null);
      await expect(bench.store.writePart('growing', 0, breaksOff())).rejects.toThrow('went away');
      await bench.write('growing', 0, content);
      const { sha256: hash } = await bench.store.hashPart('growing', content.length);
      await bench.store.publishPart('growing', hash);
      expect(hash).toBe(sha256(content));
      expect((await bench.readBlob(hash)).equals(content)).toBe(true);
    });

    it('rejects when fewer bytes are there than are to be hashed', async () => {
      await bench.store.createPart('growing', null);
      await bench.write('growing', 0, bench.fresh(1000));
      await expect(bench.store.hashPart('growing', 1001)).rejects.toThrow();
    });

    it('handles content of zero bytes', async () => {
      await bench.store.createPart('empty', 0);
      const { sha256: hash } = await bench.store.hashPart('empty', 0);
      await bench.store.publishPart('empty', hash);
      expect(hash).toBe(sha256(Buffer.alloc(0)));
      expect(await bench.readBlob(hash)).toHaveLength(0);
    });

    it('handles a part of unknown size that stays empty', async () => {
      await bench.store.createPart('empty', null);
      expect(await bench.write('empty', 0, Buffer.alloc(0))).toBe(0);
      const { sha256: hash } = await bench.store.hashPart('empty', 0);
      await bench.store.publishPart('empty', hash);
      expect(await bench.readBlob(hash)).toHaveLength(0);
    });

    it('discards a part, and one that is not there', async () => {
      await bench.fill('p1', bench.fresh(10));
      await bench.store.discardPart('p1');
      await bench.store.discardPart('p1');
      expect(await bench.store.hasPart('p1')).toBe(false);
    });

    it('forgets what it hashed of a part that was discarded', async () => {
      await bench.fill('p1', bench.fresh(bench.chunkSize));
      bench.store.hashAlong('p1', bench.chunkSize);
      await bench.store.hashPart('p1', bench.chunkSize);
      await bench.store.discardPart('p1');
      const content = bench.fresh(bench.chunkSize);
      await bench.fill('p1', content);
      expect((await bench.store.hashPart('p1', bench.chunkSize)).sha256).toBe(sha256(content));
    });

    it('lists parts', async () => {
      expect(await collectIds(bench.store.listParts())).toEqual([]);
      await bench.fill('p1', bench.fresh(10));
      await bench.fill('p2', bench.fresh(10));
      await bench.publish('p3', bench.fresh(10));
      expect(await collectIds(bench.store.listParts())).toEqual(['p1', 'p2']);
      for await (const { modifiedAt } of bench.store.listParts()) expect(modifiedAt.getTime()).not.toBeNaN();
    });

    it.each(['', '.', '..', '../p', 'a/b', 'a\0b', 'a'.repeat(65)])('refuses the id %j', async (id) => {
      await expect(bench.store.createPart(id, 1)).rejects.toThrow();
      await expect(bench.write(id, 0, bench.fresh(1))).rejects.toThrow();
      await expect(bench.store.publishPart(id, 'a'.repeat(64))).rejects.toThrow();
    });
  });

  describe('comparing', () => {
    it.each([
      ['the same bytes', (own: Buffer) => own, true],
      ['a difference in the first byte', (own: Buffer) => flipped(own, 0), false],
      ['a difference in the last byte', (own: Buffer) => flipped(own, own.length - 1), false],
      ['bytes beyond the end', (own: Buffer) => Buffer.concat([own, Buffer.alloc(1)]), false],
    ])('%s', async (_, change, expected) => {
      const content = bench.fresh(bench.chunkSize + 1234);
      await bench.fill('p1', content);
      let ended = false;
      async function* source(): AsyncGenerator<Uint8Array> {
        yield* inPieces(change(content.subarray(bench.chunkSize)), [100, 1000]);
        ended = true;
      }
      expect(await bench.store.partMatches('p1', bench.chunkSize, source())).toBe(expected);
      expect(ended).toBe(true);
    });

    it('compares a whole chunk in large pieces', async () => {
      const content = bench.fresh(2 * bench.chunkSize);
      await bench.fill('p1', content);
      const last = (): AsyncGenerator<Uint8Array> =>
        inPieces(content.subarray(bench.chunkSize), [bench.chunkSize]);
      expect(await bench.store.partMatches('p1', bench.chunkSize, last())).toBe(true);
      expect(await bench.store.partMatches('p1', 0, last())).toBe(false);
    });

    function flipped(bytes: Buffer, at: number): Buffer {
      const changed = Buffer.from(bytes);
      changed[at] = changed[at]! ^ 1;
      return changed;
    }
  });

  describe('hashing', () => {
    it('gives the CRC-32 with the digest', async () => {
      const content = bench.fresh(bench.chunkSize + 17);
      await bench.fill('p1', content);
      const expected = { sha256: sha256(content), crc32: crc32(content) };
      expect(await bench.store.hashPart('p1', content.length)).toEqual(expected);
    });

    it('takes hints in any order, repeated and beyond the end', async () => {
      const content = bench.fresh(3 * bench.chunkSize);
      await bench.store.createPart('p1', content.length);
      await bench.writeChunk('p1', content, 0);
      bench.store.hashAlong('p1', bench.chunkSize);
      bench.store.hashAlong('p1', bench.chunkSize);
      await bench.writeChunk('p1', content, 2);
      await bench.writeChunk('p1', content, 1);
      for (const chunks of [3, 1, 0, 9, 2]) bench.store.hashAlong('p1', chunks * bench.chunkSize);
      expect((await bench.store.hashPart('p1', content.length)).sha256).toBe(sha256(content));
      bench.store.hashAlong('p1', content.length);
      expect((await bench.store.hashPart('p1', content.length)).sha256).toBe(sha256(content));
    });

    it('serves many callers for one part and many parts at once', async () => {
      const contents = Array.from({ length: 5 }, () => bench.fresh(bench.chunkSize + 1));
      await Promise.all(contents.map((content, i) => bench.fill(`p${i}`, content)));
      const asked = [0, 1, 2, 3, 4, 0, 1, 0, 0];
      const digests = await Promise.all(asked.map((i) => bench.store.hashPart(`p${i}`, bench.chunkSize + 1)));
      expect(digests.map((digest) => digest.sha256)).toEqual(asked.map((i) => sha256(contents[i]!)));
    });

    it('takes hints for parts that are not there', async () => {
      bench.store.hashAlong('nowhere', 5);
      const content = bench.fresh(5);
      await bench.fill('p1', content);
      expect((await bench.store.hashPart('p1', 5)).sha256).toBe(sha256(content));
    });
  });
}
