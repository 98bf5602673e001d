import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import { NotFound, Unavailable } from '../../src/errors';
import { Hasher } from '../../src/models/blobs/disk/hasher';

const MIB = 1024 * 1024;
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('Hasher', () => {
  let directory: string;
  let hasher: Hasher;

  beforeEach(async () => {
    directory = await fs.mkdtemp(path.join(os.tmpdir(), 'ferry-hasher-'));
    hasher = new Hasher();
  });

  afterEach(async () => {
    await hasher.close();
    await fs.rm(directory, { recursive: true });
  });

  async function file(name: string, bytes: Uint8Array): Promise<string> {
    const written = path.join(directory, name);
    await fs.writeFile(written, bytes);
    return written;
  }

  /** Resolves when the worker has done everything that it was asked before and that takes one turn. */
  async function caughtUp(): Promise<void> {
    await hasher.finish(await file('marker', Buffer.from('x')), 1);
    hasher.forget(path.join(directory, 'marker'));
  }

  it('does not read again what it hashed along', async () => {
    const bytes = randomBytes(1000);
    const part = await file('part', bytes);
    hasher.advance(part, 600);
    await caughtUp();
    await fs.writeFile(part, Buffer.concat([Buffer.alloc(600), bytes.subarray(600)]));
    expect((await hasher.finish(part, 1000)).sha256).toBe(sha256(bytes));
    expect((await hasher.finish(part, 1000)).sha256).toBe(sha256(bytes));
  });

  it('starts over when it is told to forget, or when less is asked for than it has hashed', async () => {
    const part = await file('part', randomBytes(1000));
    hasher.advance(part, 1000);
    await caughtUp();
    const other = randomBytes(1000);
    await fs.writeFile(part, other);
    expect((await hasher.finish(part, 500)).sha256).toBe(sha256(other.subarray(0, 500)));
    expect((await hasher.finish(part, 1000)).sha256).toBe(sha256(other));
    const third = randomBytes(1000);
    await fs.writeFile(part, third);
    hasher.forget(part);
    expect((await hasher.finish(part, 1000)).sha256).toBe(sha256(third));
  });

  it('answers for several sizes at once', async () => {
    const bytes = randomBytes(3 * MIB);
    const part = await file('part', bytes);
    const sizes = [2 * MIB, 5, 0, 3 * MIB, 2 * MIB + 1];
    const hashes = await Promise.all(sizes.map((size) => hasher.finish(part, size)));
    expect(hashes.map((one) => one.sha256)).toEqual(sizes.map((size) => sha256(bytes.subarray(0, size))));
  });

  it('computes the CRC-32 along with the digest, in pieces as they come', async () => {
    const bytes = randomBytes(2 * MIB + 7);
    const part = await file('part', bytes);
    for (const end of [1, 1000, MIB + 1]) hasher.advance(part, end);
    await caughtUp();
    for (const size of [2 * MIB + 7, 5, 0, MIB]) {
      const whole = bytes.subarray(0, size);
      expect(await hasher.finish(part, size)).toEqual({ sha256: sha256(whole), crc32: crc32(whole) });
    }
  });

  it.each([
    [0, MIB],
    [1, MIB],
    [MIB, MIB],
    [MIB + 1, MIB],
    [3 * MIB + 5, 2 * MIB],
    [3 * MIB, 1000 * MIB],
    [100, 7],
  ])('hashes the pieces of %d bytes, %d each', async (size, pieceSize) => {
    const bytes = randomBytes(size);
    const expected = Array.from({ length: Math.ceil(size / pieceSize) }, (_, index) =>
      sha256(bytes.subarray(index * pieceSize, (index + 1) * pieceSize)),
    );
    const blob = await file('blob', bytes);
    expect(await hasher.pieces(blob, size, pieceSize)).toEqual({ pieces: expected, crc32: crc32(bytes) });
  });

  it('hashes parts before the pieces of blobs, which have their turn in the end', async () => {
    const [blob, small] = [await file('blob', Buffer.alloc(4 * MIB)), await file('small', Buffer.alloc(5))];
    const part = await file('part', Buffer.alloc(24 * MIB));
    const done: string[] = [];
    await Promise.all([
      hasher.pieces(blob, 4 * MIB, MIB).then(() => done.push('blob')),
      hasher.pieces(small, 5, MIB).then(() => done.push('small')),
      hasher.finish(part, 4 * MIB).then(() => done.push('start of the part')),
      hasher.finish(part, 24 * MIB).then(() => done.push('part')),
    ]);
    expect(done).toEqual(['start of the part', 'small', 'part', 'blob']);
  });

  it('does the work once for simultaneous callers', async () => {
    const part = await file('part', Buffer.from('bytes'));
    const first = hasher.finish(part, 5);
    expect(hasher.finish(part, 5)).toBe(first);
    expect((await first).sha256).toBe(sha256(Buffer.from('bytes')));
  });

  it('takes parts in turn, so that a long one does not hold up a short one', async () => {
    const long = await file('long', Buffer.alloc(8 * MIB));
    const short = await file('short', Buffer.from('short'));
    const done: string[] = [];
    await Promise.all([
      hasher.finish(long, 8 * MIB).then(() => done.push('long')),
      hasher.finish(short, 5).then(() => done.push('short')),
    ]);
    expect(done).toEqual(['short', 'long']);
  });

  it('keeps the state of a thousand parts, the last used ones', async () => {
    const bytes = Buffer.alloc(10, 'a');
    const parts: string[] = [];
    for (let i = 0; i < 1001; i++) parts.push(await file(`p${i}`, bytes));
    for (const part of parts) hasher.advance(part, 10);
    await hasher.finish(parts[1000]!, 10);
    const changed = Buffer.alloc(10, 'b');
    for (const i of [0, 1, 1000]) await fs.writeFile(parts[i]!, changed);
    expect((await hasher.finish(parts[1]!, 10)).sha256).toBe(sha256(bytes));
    expect((await hasher.finish(parts[1000]!, 10)).sha256).toBe(sha256(bytes));
    expect((await hasher.finish(parts[0]!, 10)).sha256).toBe(sha256(changed));
  });

  it('serves more parts at once than it keeps', async () => {
    const parts: string[] = [];
    for (let i = 0; i < 1100; i++) parts.push(await file(`p${i}`, Buffer.from(`part ${i}`)));
    const hashes = await Promise.all(parts.map((part, i) => hasher.finish(part, `part ${i}`.length)));
    expect(hashes.map((one) => one.sha256)).toEqual(parts.map((_, i) => sha256(Buffer.from(`part ${i}`))));
  });

  it('says when the file is missing, forgotten or too short', async () => {
    await expect(hasher.finish(path.join(directory, 'none'), 1)).rejects.toThrow(NotFound);
    await expect(hasher.pieces(path.join(directory, 'none'), 1, 1)).rejects.toThrow(NotFound);
    await expect(hasher.pieces(await file('short', Buffer.alloc(3)), 4, 2)).rejects.toThrow('ends at 3');
    const part = await file('part', Buffer.alloc(10));
    await expect(hasher.finish(part, 11)).rejects.toThrow('ends at 10');
    expect((await hasher.finish(part, 10)).sha256).toBe(sha256(Buffer.alloc(10)));
    const long = await file('long', Buffer.alloc(8 * MIB));
    const waiting = hasher.finish(long, 8 * MIB);
    hasher.forget(long);
    await expect(waiting).rejects.toThrow(NotFound);
  });

  it('rejects once closed', async () => {
    const part = await file('part', Buffer.alloc(8 * MIB));
    const waiting = expect(hasher.finish(part, 8 * MIB)).rejects.toThrow(Unavailable);
    await hasher.close();
    await waiting;
    hasher.advance(part, 5);
    await expect(hasher.finish(part, 5)).rejects.toThrow(Unavailable);
  });

  describe('when the worker dies', () => {
    const dying = (): Worker => new Worker('throw new Error("died")', { eval: true });
    const living = (): Worker => new Worker(require.resolve('../../src/models/blobs/disk/hash-worker.js'));

    function startingWith(...starts: (() => Worker)[]): Hasher {
      let count = 0;
      return new Hasher(() => (starts[count++] ?? dying)());
    }

    it('asks a new one', async () => {
      const part = await file('part', Buffer.from('bytes'));
      const restarted = startingWith(dying, living);
      const hashes = await Promise.all([restarted.finish(part, 5), restarted.finish(part, 4)]);
      expect(hashes.map((one) => one.sha256)).toEqual([
        sha256(Buffer.from('bytes')),
        sha256(Buffer.from('byte')),
      ]);
      await restarted.close();
    });

    it('asks a new one for the pieces of a blob', async () => {
      const blob = await file('blob', Buffer.from('bytes'));
      const restarted = startingWith(dying, living);
      const { pieces } = await restarted.pieces(blob, 5, 4);
      expect(pieces).toEqual([sha256(Buffer.from('byte')), sha256(Buffer.from('s'))]);
      await restarted.close();
    });

    it('gives up after two, and tries again for the next caller', async () => {
      const part = await file('part', Buffer.from('bytes'));
      const restarted = startingWith(dying, dying, living);
      await expect(restarted.finish(part, 5)).rejects.toThrow(Unavailable);
      expect((await restarted.finish(part, 5)).sha256).toBe(sha256(Buffer.from('bytes')));
      await restarted.close();
    });

    it('starts over with a new one when hashing along was lost', async () => {
      const workers: Worker[] = [];
      const restarted = new Hasher(() => {
        const worker = living();
        workers.push(worker);
        return worker;
      });
      const part = await file('part', Buffer.from('bytes'));
      restarted.advance(part, 3);
      await workers[0]!.terminate();
      expect((await restarted.finish(part, 5)).sha256).toBe(sha256(Buffer.from('bytes')));
      expect(workers).toHaveLength(2);
      await restarted.close();
    });
  });
});
