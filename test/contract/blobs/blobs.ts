import { crc32 } from 'node:zlib';
import { type BlobsBench, collect, collectIds, sha256 } from './bench';

/** Publishing, and what blobs do. `bench` is filled afresh before each test. */
export function describeBlobs(bench: BlobsBench): void {
  describe('publishing', () => {
    it('turns a part into a blob', async () => {
      const content = bench.fresh(2 * bench.chunkSize + 5);
      expect(await bench.store.hasBlob(sha256(content))).toBe(false);
      const hash = await bench.publish('p1', content);
      expect(await bench.store.hasPart('p1')).toBe(false);
      expect(await bench.store.hasBlob(hash)).toBe(true);
      expect((await bench.readBlob(hash)).equals(content)).toBe(true);
    });

    it('drops the part when the blob is there', async () => {
      const content = bench.fresh(bench.chunkSize + 5);
      const hash = await bench.publish('p1', content);
      await bench.publish('p2', content);
      expect(await collectIds(bench.store.listParts())).toEqual([]);
      expect(await collectIds(bench.store.listBlobs())).toEqual([hash]);
      expect((await bench.readBlob(hash)).equals(content)).toBe(true);
    });

    it('may be done again, and at once', async () => {
      const content = bench.fresh(100);
      await bench.fill('p1', content);
      const { sha256: hash } = await bench.store.hashPart('p1', 100);
      await Promise.all(Array.from({ length: 8 }, () => bench.store.publishPart('p1', hash)));
      await bench.store.publishPart('p1', hash);
      expect((await bench.readBlob(hash)).equals(content)).toBe(true);
    });

    it('takes the same content from several parts at once', async () => {
      const content = bench.fresh(bench.chunkSize);
      const ids = ['p1', 'p2', 'p3', 'p4'];
      const hashes = await Promise.all(ids.map((id) => bench.publish(id, content)));
      expect(new Set(hashes)).toEqual(new Set([sha256(content)]));
      expect(await collectIds(bench.store.listParts())).toEqual([]);
      expect((await bench.readBlob(sha256(content))).equals(content)).toBe(true);
    });
  });

  describe('blobs', () => {
    it('reads exactly the range asked for', async () => {
      const content = bench.fresh(3 * bench.chunkSize + 17);
      const hash = await bench.publish('p1', content);
      const reader = await bench.store.openBlob(hash);
      expect(reader.size).toBe(content.length);
      const boundaries = [0, bench.chunkSize, 256 * 1024, 512 * 1024, content.length];
      const points = boundaries
        .flatMap((at) => [at - 1, at, at + 1])
        .filter((at) => at >= 0 && at <= content.length);
      points.sort((a, b) => a - b);
      for (const start of points) {
        for (const end of points.filter((point) => point >= start)) {
          expect((await collect(reader.read(start, end))).equals(content.subarray(start, end))).toBe(true);
        }
      }
      await reader.close();
      await reader.close();
    });

    it('throws when the content is shorter than the range', async () => {
      const hash = await bench.publish('p1', bench.fresh(1000));
      await expect(bench.readBlob(hash, 0, 1001)).rejects.toThrow();
    });

    it('serves 50 readers at once', async () => {
      const content = bench.fresh(bench.chunkSize * 2);
      const hash = await bench.publish('p1', content);
      const starts = Array.from({ length: 50 }, (_, i) => i * 11);
      const read = await Promise.all(starts.map((start) => bench.readBlob(hash, start)));
      expect(read.every((bytes, i) => bytes.equals(content.subarray(starts[i])))).toBe(true);
    });

    it('serves several ranges of one reader at once', async () => {
      const content = bench.fresh(bench.chunkSize * 2);
      const reader = await bench.store.openBlob(await bench.publish('p1', content));
      const starts = [0, 1, bench.chunkSize - 1, bench.chunkSize];
      const read = await Promise.all(starts.map((start) => collect(reader.read(start, reader.size))));
      expect(read.every((bytes, i) => bytes.equals(content.subarray(starts[i])))).toBe(true);
      await reader.close();
    });

    it('lets a reader leave early and close while it is reading', async () => {
      const content = bench.fresh(bench.chunkSize * 2);
      const hash = await bench.publish('p1', content);
      for (let i = 0; i < 5; i++) {
        const reader = await bench.store.openBlob(hash);
        for await (const piece of reader.read(0, reader.size)) {
          expect(piece.length).toBeGreaterThan(0);
          break;
        }
        const left = reader.read(0, reader.size)[Symbol.asyncIterator]();
        await left.next();
        await reader.close();
      }
      expect((await bench.readBlob(hash)).equals(content)).toBe(true);
    });

    it('keeps pieces apart: what one reader holds is not changed by another', async () => {
      const [one, other] = [bench.fresh(bench.chunkSize), bench.fresh(bench.chunkSize)];
      const hash = await bench.publish('p1', one);
      const otherHash = await bench.publish('p2', other);
      const reader = await bench.store.openBlob(hash);
      for await (const piece of reader.read(0, reader.size)) {
        const before = Buffer.from(piece);
        await Promise.all([bench.readBlob(otherHash), bench.readBlob(otherHash)]);
        expect(before.equals(piece)).toBe(true);
      }
      await reader.close();
    });

    it('leaves the piece alone that is held by a consumer who left', async () => {
      const content = bench.fresh(bench.chunkSize);
      const hash = await bench.publish('p1', content);
      const otherHash = await bench.publish('p2', bench.fresh(bench.chunkSize));
      const reader = await bench.store.openBlob(hash);
      let held: Uint8Array = Buffer.alloc(0);
      for await (const piece of reader.read(0, reader.size)) {
        held = piece;
        break;
      }
      for (let i = 0; i < 3; i++) await bench.readBlob(otherHash);
      expect(content.subarray(0, held.length).equals(held)).toBe(true);
      await reader.close();
    });

    it('lets a reading that has begun go on after the blob is deleted', async () => {
      const content = bench.fresh(bench.chunkSize * 4);
      const hash = await bench.publish('p1', content);
      const reader = await bench.store.openBlob(hash);
      const pieces: Buffer[] = [];
      for await (const piece of reader.read(0, reader.size)) {
        if (pieces.length === 0) await bench.store.deleteBlob(hash);
        pieces.push(Buffer.from(piece));
      }
      await reader.close();
      expect(Buffer.concat(pieces).equals(content)).toBe(true);
      expect(await bench.store.hasBlob(hash)).toBe(false);
    });

    it('lists and deletes blobs, also one that is not there', async () => {
      const hashes = [
        await bench.publish('p1', bench.fresh(10)),
        await bench.publish('p2', bench.fresh(11)),
      ].sort();
      expect(await collectIds(bench.store.listBlobs())).toEqual(hashes);
      for await (const { modifiedAt } of bench.store.listBlobs()) expect(modifiedAt.getTime()).not.toBeNaN();
      await bench.store.deleteBlob(hashes[0]!);
      await bench.store.deleteBlob(hashes[0]!);
      expect(await collectIds(bench.store.listBlobs())).toEqual([hashes[1]]);
    });

    it.each([0, 1, 999, 1000, 1001, 5432])('hashes the pieces of a blob of %d bytes', async (size) => {
      const content = bench.fresh(size);
      const hash = await bench.publish('p1', content);
      const pieces = Array.from({ length: Math.ceil(size / 1000) }, (_, index) =>
        sha256(content.subarray(index * 1000, (index + 1) * 1000)),
      );
      expect(await bench.store.hashBlob(hash, 1000)).toEqual({ pieces, crc32: crc32(content) });
    });

    it('hashes the pieces of several blobs while parts are being hashed', async () => {
      const contents = Array.from({ length: 4 }, () => bench.fresh(2 * bench.chunkSize));
      const names: string[] = [];
      for (const content of contents) names.push(await bench.publish('p1', content));
      await bench.fill('p2', contents[0]!);
      const part = bench.store.hashPart('p2', 2 * bench.chunkSize);
      const hashes = await Promise.all(names.map((name) => bench.store.hashBlob(name, bench.chunkSize)));
      expect(hashes.map((one) => one.crc32)).toEqual(contents.map((content) => crc32(content)));
      expect(await part).toEqual({ sha256: names[0], crc32: crc32(contents[0]!) });
    });

    it('can publish again what was deleted', async () => {
      const content = bench.fresh(100);
      const hash = await bench.publish('p1', content);
      await bench.store.deleteBlob(hash);
      await bench.publish('p2', content);
      expect((await bench.readBlob(hash)).equals(content)).toBe(true);
    });

    it.each(['', '..', 'A'.repeat(64), 'a'.repeat(63), `${'a'.repeat(61)}/..`])(
      'refuses the name %j',
      async (hash) => {
        await expect(bench.store.openBlob(hash)).rejects.toThrow();
        await expect(bench.store.publishPart('p1', hash)).rejects.toThrow();
      },
    );
  });
}
