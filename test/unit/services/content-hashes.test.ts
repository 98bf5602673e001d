import { Internal, NotFound, Unavailable } from '../../../src/errors';
import type { BlobHashes, BlobStore } from '../../../src/models/blobs';
import type { ManifestRecord, SqlStore } from '../../../src/models/sql';
import { ContentHashes, pieceSizeOf } from '../../../src/services/content-hashes';

const MIB = 1024 * 1024;
/** So long that no test waits for its end. */
const PATIENT = 1_000_000;

const content = (index = 0, size = 5) => ({ sha256: index.toString(16).padStart(64, '0'), size });

/** Computing that ends when the test says so, and the rows that are kept. */
function bench(waitMs: number) {
  const asked: { sha256: string; pieceSize: number }[] = [];
  const waiting: { resolve(hashes: BlobHashes): void; reject(error: Error): void }[] = [];
  const manifests = new Map<string, ManifestRecord>();
  const checksums = new Map<string, number | null>();
  const tables = {
    blobs: {
      findMany: (names: string[]) =>
        Promise.resolve(names.map((sha256) => ({ sha256, crc32: checksums.get(sha256) ?? null }))),
      setCrc32: (sha256: string, crc32: number) => {
        if (!checksums.has(sha256)) return Promise.resolve(false);
        checksums.set(sha256, crc32);
        return Promise.resolve(true);
      },
    },
    manifests: {
      find: (sha256: string) => Promise.resolve(manifests.get(sha256) ?? null),
      insert: (manifest: ManifestRecord) => {
        manifests.set(manifest.sha256, manifest);
        return Promise.resolve();
      },
    },
  };
  const sql = { ...tables, transaction: (work: (all: typeof tables) => Promise<void>) => work(tables) };
  const blobs = {
    hashBlob: (sha256: string, pieceSize: number) => {
      asked.push({ sha256, pieceSize });
      return new Promise<BlobHashes>((resolve, reject) => waiting.push({ resolve, reject }));
    },
  };
  for (let index = 0; index < 40; index += 1) checksums.set(content(index).sha256, null);
  const hashes = new ContentHashes({
    sql: sql as unknown as SqlStore,
    blobs: blobs as unknown as BlobStore,
    waitMs,
  });
  /** Lets everything happen that waits for nothing but its turn. */
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return { hashes, asked, waiting, manifests, checksums, settle };
}

const RESULT = { pieces: ['aa', 'bb'], crc32: 7 };

describe('the size of pieces', () => {
  it.each([
    [0, 4],
    [1, 4],
    [40_000 * MIB, 4],
    [40_000 * MIB + 1, 8],
    [80_000 * MIB, 8],
    [80_000 * MIB + 1, 16],
  ])('of %d bytes is %d MiB', (size, pieceSize) => {
    expect(pieceSizeOf(size)).toBe(pieceSize * MIB);
  });

  it('keeps the list short whatever the size', () => {
    const size = Number.MAX_SAFE_INTEGER;
    expect(Math.ceil(size / pieceSizeOf(size))).toBeLessThanOrEqual(10_000);
  });
});

describe('hashes of content', () => {
  it('are computed once for all who ask, and kept', async () => {
    const { hashes, asked, waiting, manifests, checksums, settle } = bench(PATIENT);
    const asking = [
      hashes.manifest(content()),
      hashes.manifest(content()),
      hashes.crc32s([content()]),
    ] as const;
    await settle();
    expect(asked).toEqual([{ sha256: content().sha256, pieceSize: 4 * MIB }]);
    waiting[0]!.resolve(RESULT);
    const [one, other, crcs] = await Promise.all(asking);
    expect(one).toEqual({ sha256: content().sha256, pieceSize: 4 * MIB, pieces: RESULT.pieces });
    expect(other).toEqual(one);
    expect(crcs.get(content().sha256)).toBe(7);
    expect(manifests.get(content().sha256)).toEqual(one);
    expect(checksums.get(content().sha256)).toBe(7);
    expect(await hashes.manifest(content())).toEqual(one);
    expect((await hashes.crc32s([content()])).get(content().sha256)).toBe(7);
    expect(asked).toHaveLength(1);
  });

  it('that take long are unavailable at first, and there later', async () => {
    const { hashes, asked, waiting, manifests, settle } = bench(0);
    const refused = await hashes.manifest(content()).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Unavailable);
    expect((refused as Unavailable).headers).toEqual({ 'Retry-After': '10' });
    await expect(hashes.manifest(content())).rejects.toThrow(Unavailable);
    expect(asked).toHaveLength(1);
    waiting[0]!.resolve(RESULT);
    while (!manifests.has(content().sha256)) await settle();
    expect((await hashes.manifest(content())).pieces).toEqual(RESULT.pieces);
  });

  it('of many contents are computed one after the other, and no further once nobody waits', async () => {
    const { hashes, asked, waiting, checksums, settle } = bench(0);
    checksums.set(content(1).sha256, 3);
    const all = [content(0), content(1), content(2), content(2)];
    await expect(hashes.crc32s(all)).rejects.toThrow(Unavailable);
    waiting[0]!.resolve(RESULT);
    while (checksums.get(content(0).sha256) === null) await settle();
    await settle();
    expect(asked.map(({ sha256 }) => sha256)).toEqual([content(0).sha256]);
    await expect(hashes.crc32s(all)).rejects.toThrow(Unavailable);
    expect(asked.map(({ sha256 }) => sha256)).toEqual([content(0).sha256, content(2).sha256]);
    waiting[1]!.resolve(RESULT);
    while (checksums.get(content(2).sha256) === null) await settle();
    expect([...(await hashes.crc32s(all)).values()].sort()).toEqual([3, 7, 7]);
  });

  it('that fail are tried again by the next one who asks', async () => {
    const { hashes, waiting, settle } = bench(PATIENT);
    for (const [thrown, expected] of [
      [new NotFound(), Internal],
      [new Unavailable('down'), Unavailable],
    ] as const) {
      const failing = expect(hashes.manifest(content())).rejects.toThrow(expected);
      await settle();
      waiting.pop()!.reject(thrown);
      await failing;
    }
    const asking = hashes.manifest(content());
    await settle();
    waiting.pop()!.resolve(RESULT);
    expect((await asking).pieces).toEqual(RESULT.pieces);
  });

  it('that fail after everybody has gone harm nobody', async () => {
    const { hashes, waiting, settle } = bench(0);
    await expect(hashes.manifest(content())).rejects.toThrow(Unavailable);
    waiting[0]!.reject(new Error('closed'));
    await settle();
  });

  it('of content that has gone meanwhile are answered and not kept', async () => {
    const { hashes, waiting, manifests, checksums, settle } = bench(PATIENT);
    checksums.clear();
    const asking = hashes.manifest(content());
    await settle();
    waiting[0]!.resolve(RESULT);
    expect((await asking).pieces).toEqual(RESULT.pieces);
    expect(manifests.size).toBe(0);
  });

  it('are computed for so many contents at once, and no more', async () => {
    const { hashes, asked } = bench(0);
    const refusals = Array.from({ length: 40 }, (_, index) =>
      expect(hashes.manifest(content(index))).rejects.toThrow(Unavailable),
    );
    await Promise.all(refusals);
    expect(asked).toHaveLength(32);
  });
});
