import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { NotFound, Unavailable } from '../../src/errors';
import type { BlobStore } from '../../src/models/blobs';
import { keys } from '../../src/models/blobs/s3/keys';
import { PartObjects } from '../../src/models/blobs/s3/part-objects';
import { collect, collectIds, inPieces, sha256 } from '../contract/blobs/bench';
import { createS3Place, type S3Place } from '../support/s3';
import { startTcpProxy } from '../support/tcp-proxy';

const MIB = 1024 * 1024;

describe('blobs in S3', () => {
  let place: S3Place;
  let store: BlobStore;

  beforeEach(async () => {
    place = await createS3Place();
    store = await place.open();
  });

  afterEach(() => place.remove());

  const write = (id: string, start: number, bytes: Buffer, on = store) =>
    on.writePart(id, start, inPieces(bytes));

  async function readBlob(hash: string): Promise<Buffer> {
    const reader = await store.openBlob(hash);
    return collect(reader.read(0, reader.size));
  }

  async function keysThere(): Promise<string[]> {
    const found: string[] = [];
    for await (const { key } of place.bucket.list('')) found.push(key);
    return found;
  }

  it('puts large and small pieces together, written by two processes in any order', async () => {
    const bytes = randomBytes(17 * MIB + 5);
    const other = await place.open();
    await store.createPart('p1', bytes.length);
    const cuts = [0, 5 * MIB, 5 * MIB + 100, 6 * MIB, 12 * MIB, 17 * MIB, bytes.length];
    const writes = cuts.slice(0, -1).map((start, index) => ({ start, end: cuts[index + 1]! }));
    for (const [index, { start, end }] of [...writes.entries()].reverse()) {
      await write('p1', start, bytes.subarray(start, end), index % 2 === 0 ? store : other);
      other.hashAlong('p1', end);
    }
    const { sha256: hash } = await store.hashPart('p1', bytes.length);
    expect(hash).toBe(sha256(bytes));
    await other.publishPart('p1', hash);
    expect(await keysThere()).toEqual([keys.blob(hash)]);
    expect((await readBlob(hash)).equals(bytes)).toBe(true);
  });

  it('keeps what was hashed, whatever comes late', async () => {
    const bytes = randomBytes(6 * MIB);
    await store.createPart('p1', bytes.length);
    await write('p1', 0, bytes);
    const { sha256: hash } = await store.hashPart('p1', bytes.length);
    await write('p1', 100, randomBytes(MIB));
    await store.publishPart('p1', hash);
    expect((await readBlob(hash)).equals(bytes)).toBe(true);
    expect(await keysThere()).toEqual([keys.blob(hash)]);
  });

  it('hashes again from the start what was written over', async () => {
    const bytes = randomBytes(6 * MIB);
    await store.createPart('p1', bytes.length);
    await write('p1', 0, bytes);
    await store.hashPart('p1', bytes.length);
    const other = await place.open();
    const later = randomBytes(100);
    await write('p1', 5, later, other);
    later.copy(bytes, 5);
    expect((await store.hashPart('p1', bytes.length)).sha256).toBe(sha256(bytes));
  });

  it('goes on in another process after an assembly broke off, and leaves nothing of it', async () => {
    const bytes = randomBytes(11 * MIB);
    await store.createPart('p1', bytes.length);
    await write('p1', 0, bytes.subarray(0, 6 * MIB));
    await write('p1', 6 * MIB, bytes.subarray(6 * MIB));
    const { sha256: hash } = await store.hashPart('p1', bytes.length);
    // As a process leaves it that is killed between two parts.
    const dead = await place.bucket.beginAssembly(keys.blob(hash));
    await place.bucket.writeText(keys.assembly('p1', 'dead'), JSON.stringify(dead));
    await place.bucket.writePart(dead, 1, { size: 5 * MIB, open: () => bytes.subarray(0, 5 * MIB) });
    await (await place.open()).publishPart('p1', hash);
    expect((await readBlob(hash)).equals(bytes)).toBe(true);
    expect(await keysThere()).toEqual([keys.blob(hash)]);
    const rest = { size: 1, open: () => Buffer.from('x') };
    await expect(place.bucket.writePart(dead, 2, rest)).rejects.toThrow(NotFound);
  });

  it('lists what a crash left of a part that is gone, and removes it', async () => {
    await store.createPart('p1', 10);
    await write('p1', 0, randomBytes(10));
    await place.bucket.delete([keys.marker('p1')]);
    await expect(write('p1', 0, randomBytes(10))).rejects.toThrow(NotFound);
    expect(await store.hasPart('p1')).toBe(false);
    expect(await collectIds(store.listParts())).toEqual(['p1']);
    await store.discardPart('p1');
    expect(await keysThere()).toEqual([]);
  });

  it('leaves nothing of what is written or hashed while the part is discarded', async () => {
    const parts = new PartObjects(place.bucket);
    await store.createPart('p1', 10);
    const names = await parts.nextKeys('p1', 0, [10]);
    await store.discardPart('p1');
    await place.bucket.writeText(names[0]!, 'too late..');
    await expect(parts.confirm('p1', names)).rejects.toThrow(NotFound);
    await expect(parts.seal('p1', { size: 0, segments: [] })).rejects.toThrow(NotFound);
    expect(await keysThere()).toEqual([]);
  });

  it('lists pieces of a whole that is gone, and goes on with joining that broke off', async () => {
    for (const id of ['a', 'b']) {
      await store.createPart(id, 10);
      await write(id, 0, Buffer.alloc(10, id));
    }
    // The first piece was marked, the second not yet.
    await place.bucket.writeText(keys.within('a', 'whole'), '');
    await place.bucket.delete([keys.marker('a')]);
    expect(await collectIds(store.listParts())).toEqual(['a', 'b']);
    await store.joinParts('whole', [
      { id: 'a', size: 10 },
      { id: 'b', size: 10 },
    ]);
    expect(await collectIds(store.listParts())).toEqual(['whole']);
    const { sha256: hash } = await store.hashPart('whole', 20);
    expect(hash).toBe(sha256(Buffer.from('a'.repeat(10) + 'b'.repeat(10))));
    await store.publishPart('whole', hash);
    expect(await keysThere()).toEqual([keys.blob(hash)]);
  });

  it('puts a blob in the place of a damaged one', async () => {
    const bytes = randomBytes(1000);
    const hash = sha256(bytes);
    await place.bucket.writeText(keys.blob(hash), 'cut');
    await store.createPart('p1', bytes.length);
    await write('p1', 0, bytes);
    await store.publishPart('p1', hash);
    expect((await readBlob(hash)).equals(bytes)).toBe(true);
  });

  it('gives every write a turn above those that it writes over', async () => {
    const parts = new PartObjects(place.bucket);
    await store.createPart('p1', null);
    for (let round = 1; round <= 3; round += 1) {
      expect((await parts.nextKeys('p1', 0, [10])).join()).toContain(`.00000000${round}.`);
      await write('p1', 0, Buffer.alloc(10, String(round)));
    }
    expect((await parts.nextKeys('p1', 11, [10])).join()).toContain('.000000001.');
    expect(String(await collect(store.readPart('p1', 0, 10)))).toBe('3333333333');
  });

  it('refuses bytes that arrive changed', async () => {
    const body = { size: 3, crc32: 1, open: () => Buffer.from('abc') };
    await expect(place.bucket.write('parts/x/y', body)).rejects.toThrow();
    expect(await keysThere()).toEqual([]);
  });

  it('leaves no file of what waits on its way', async () => {
    await store.createPart('p1', null);
    let during: string[] = ['unread'];
    async function* source(): AsyncGenerator<Uint8Array> {
      yield* inPieces(randomBytes(MIB));
      during = await readdir(place.options.spoolDirectory);
    }
    await store.writePart('p1', 0, source());
    expect(during).toEqual([]);
  });

  it('takes 50 uploads at once without keeping them in memory', async () => {
    const bytes = randomBytes(5 * MIB);
    const ids = Array.from({ length: 50 }, (_, index) => `p${index}`);
    for (const id of ids) await store.createPart(id, bytes.length);
    let most = 0;
    const timer = setInterval(() => (most = Math.max(most, process.memoryUsage().external)), 5);
    const before = process.memoryUsage().external;
    await Promise.all(ids.map((id) => write(id, 0, bytes)));
    clearInterval(timer);
    expect(most - before).toBeLessThan(ids.length * bytes.length * 0.5);
    expect((await store.hashPart('p49', bytes.length)).sha256).toBe(sha256(bytes));
  });
});

describe('blobs in S3 that is away', () => {
  it('say Unavailable, and come back by themselves', async () => {
    const url = new URL(process.env.TEST_S3_ENDPOINT ?? '');
    const proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) });
    const place = await createS3Place({ endpoint: `http://127.0.0.1:${proxy.port}` });
    const store = await place.open();
    try {
      const bytes = randomBytes(2 * MIB);
      await store.createPart('p1', bytes.length);
      proxy.cut();
      await expect(store.ping()).rejects.toThrow(Unavailable);
      await expect(store.writePart('p1', 0, inPieces(bytes))).rejects.toThrow(Unavailable);
      await expect(store.openBlob(sha256(bytes))).rejects.toThrow(Unavailable);
      await expect(store.hashPart('p1', 1)).rejects.toThrow(Unavailable);
      proxy.mend();
      await store.ping();
      await store.writePart('p1', 0, inPieces(bytes));
      const { sha256: hash } = await store.hashPart('p1', bytes.length);
      await store.publishPart('p1', hash);
      const reader = await store.openBlob(hash);
      const reading = reader.read(0, reader.size);
      const found = [Buffer.from((await reading[Symbol.asyncIterator]().next()).value as Uint8Array)];
      // What breaks off while it is read goes on where it was.
      proxy.cut();
      proxy.mend();
      for await (const piece of reading) found.push(Buffer.from(piece));
      expect(Buffer.concat(found).equals(bytes)).toBe(true);
    } finally {
      await place.remove();
      await proxy.close();
    }
  });

  it.each([
    ['a bucket that is not there', { bucket: 'ferry-no-such-bucket' }],
    ['wrong credentials', { credentials: { accessKeyId: 'nobody', secretAccessKey: 'a-secret-of-nobody' } }],
  ])('are so with %s, which is not told', async (_, changes) => {
    const place = await createS3Place(changes);
    const store = await place.open();
    const error: unknown = await store.ping().catch((reason: unknown) => reason);
    await expect(store.createPart('p1', 1)).rejects.toThrow(Unavailable);
    await place.remove();
    expect(error).toBeInstanceOf(Unavailable);
    expect(`${String(error)} ${store.location ?? ''}`).not.toMatch(/nobody/);
  });
});
