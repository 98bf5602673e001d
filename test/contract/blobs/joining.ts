import { NotFound } from '../../../src/errors';
import { type BlobsBench, collect, collectIds, sha256 } from './bench';

/** What parts do that are made of others. `bench` is filled afresh before each test. */
export function describeJoining(bench: BlobsBench): void {
  describe('joining', () => {
    /** Parts of so many bytes, with what they should be together. */
    async function pieces(...sizes: number[]) {
      const contents = sizes.map((size) => bench.fresh(size));
      for (const [i, content] of contents.entries()) await bench.fill(`piece${i}`, content);
      const list = sizes.map((size, i) => ({ id: `piece${i}`, size }));
      return { list, whole: Buffer.concat(contents) };
    }

    it('makes one part, then one blob, of several parts', async () => {
      const { list, whole } = await pieces(bench.chunkSize, bench.chunkSize * 2, 1, 0, 777);
      await bench.store.joinParts('whole', list);
      expect(await bench.store.hasPart('whole')).toBe(true);
      expect(await collectIds(bench.store.listParts())).toEqual(['whole']);
      const { sha256: hash } = await bench.store.hashPart('whole', whole.length);
      expect(hash).toBe(sha256(whole));
      await bench.store.publishPart('whole', hash);
      expect(await collectIds(bench.store.listParts())).toEqual([]);
      expect(await collectIds(bench.store.listBlobs())).toEqual([hash]);
      expect(await bench.store.hasBlob(hash)).toBe(true);
      const reader = await bench.store.openBlob(hash);
      expect(reader.size).toBe(whole.length);
      expect(reader.path).toBeUndefined();
      const edges = [0, bench.chunkSize, bench.chunkSize * 3, bench.chunkSize * 3 + 1, whole.length];
      const points = edges
        .flatMap((at) => [at - 1, at, at + 1])
        .filter((at) => at >= 0 && at <= whole.length);
      for (const start of points) {
        for (const end of points.filter((point) => point >= start)) {
          expect((await collect(reader.read(start, end))).equals(whole.subarray(start, end))).toBe(true);
        }
      }
      await reader.close();
      await reader.close();
      const { pieces: digests } = await bench.store.hashBlob(hash, bench.chunkSize + 5);
      const cuts = digests.map((_, i) =>
        whole.subarray(i * (bench.chunkSize + 5), (i + 1) * (bench.chunkSize + 5)),
      );
      expect(digests).toEqual(cuts.map(sha256));
    });

    it('reads a blob of very many pieces', async () => {
      const { list, whole } = await pieces(...Array.from({ length: 40 }, (_, i) => 100 + i));
      await bench.store.joinParts('whole', list);
      const { sha256: hash } = await bench.store.hashPart('whole', whole.length);
      await bench.store.publishPart('whole', hash);
      const reader = await bench.store.openBlob(hash);
      expect((await collect(reader.read(0, reader.size))).equals(whole)).toBe(true);
      for await (const piece of reader.read(150, 1000)) {
        expect(piece.length).toBeGreaterThan(0);
        break;
      }
      await reader.close();
    });

    it('may be done again, also when it was published', async () => {
      const { list, whole } = await pieces(100, 200);
      await bench.store.joinParts('whole', list);
      await bench.store.joinParts('whole', list);
      const { sha256: hash } = await bench.store.hashPart('whole', 300);
      await bench.store.publishPart('whole', hash);
      await bench.store.publishPart('whole', hash);
      expect((await bench.readBlob(hash)).equals(whole)).toBe(true);
    });

    it('leaves out what lies beyond the size of a piece', async () => {
      const content = bench.fresh(1000);
      await bench.store.createPart('piece', null);
      await bench.write('piece', 0, content);
      await bench.store.joinParts('whole', [{ id: 'piece', size: 600 }]);
      expect((await bench.store.hashPart('whole', 600)).sha256).toBe(sha256(content.subarray(0, 600)));
    });

    it('needs every piece, whole', async () => {
      const { list } = await pieces(100, 200);
      await expect(bench.store.joinParts('a', [...list, { id: 'nowhere', size: 1 }])).rejects.toThrow(
        NotFound,
      );
      await bench.fill('short', bench.fresh(10));
      await expect(bench.store.joinParts('b', [{ id: 'short', size: 11 }])).rejects.toThrow(NotFound);
    });

    it('is discarded with what is in it', async () => {
      const { list } = await pieces(100, 200);
      await bench.store.joinParts('whole', list);
      await bench.store.discardPart('whole');
      expect(await bench.store.hasPart('whole')).toBe(false);
      expect(await collectIds(bench.store.listParts())).toEqual([]);
    });

    it.each(['first', 'last'])('keeps one blob of the same content when it comes %s', async (turn) => {
      const { list, whole } = await pieces(100, 200);
      if (turn === 'last') await bench.publish('plain', whole);
      await bench.store.joinParts('whole', list);
      await bench.store.publishPart('whole', sha256(whole));
      if (turn === 'first') await bench.publish('plain', whole);
      expect(await collectIds(bench.store.listParts())).toEqual([]);
      expect((await bench.readBlob(sha256(whole))).equals(whole)).toBe(true);
    });

    it('takes the same content at once, joined and not', async () => {
      const { list, whole } = await pieces(100, 200);
      await bench.store.joinParts('whole', list);
      const ids = ['p1', 'p2', 'p3'];
      for (const id of ids) await bench.fill(id, whole);
      const hash = sha256(whole);
      await Promise.all(['whole', ...ids].map((id) => bench.store.publishPart(id, hash)));
      expect(await collectIds(bench.store.listParts())).toEqual([]);
      expect((await bench.readBlob(hash)).equals(whole)).toBe(true);
    });

    it('deletes a blob, which a reading of a few pieces goes on with', async () => {
      const { list, whole } = await pieces(bench.chunkSize * 2, bench.chunkSize * 2);
      await bench.store.joinParts('whole', list);
      const hash = sha256(whole);
      await bench.store.publishPart('whole', hash);
      const reader = await bench.store.openBlob(hash);
      const found: Buffer[] = [];
      for await (const piece of reader.read(0, reader.size)) {
        if (found.length === 0) await bench.store.deleteBlob(hash);
        found.push(Buffer.from(piece));
      }
      await reader.close();
      expect(Buffer.concat(found).equals(whole)).toBe(true);
      expect(await bench.store.hasBlob(hash)).toBe(false);
    });
  });
}
