import type { FileHandle } from 'node:fs/promises';
import { OutOfSpace } from '../../src/errors';
import { BufferPool } from '../../src/bytes/buffer-pool';
import { OpenPart } from '../../src/models/blobs/disk/part-files';
import { writeSource } from '../../src/models/blobs/disk/writing';

const BUFFER = 256 * 1024;

/** A file whose writes end when they are told to. */
class ManualFile {
  readonly writes: {
    length: number;
    position: number;
    end: (count?: number) => void;
    fail: (error: Error) => void;
  }[] = [];

  readonly handle = {
    write: (_: Buffer, __: number, length: number, position: number) =>
      new Promise<{ bytesWritten: number }>((resolve, reject) => {
        const end = (count = length): void => resolve({ bytesWritten: count });
        this.writes.push({ length, position, end, fail: reject });
      }),
  } as unknown as FileHandle;
}

/** Lets everything that can go on without an outside event go on. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('writeSource', () => {
  let file: ManualFile;
  let taken: number;

  beforeEach(() => {
    file = new ManualFile();
    taken = 0;
  });

  async function* pieces(count: number, end?: Error): AsyncGenerator<Uint8Array> {
    for (; taken < count; taken++) yield await Promise.resolve(Buffer.alloc(64 * 1024));
    if (end) throw end;
  }

  const write = (source: AsyncGenerator<Uint8Array>, start = 0): Promise<number> => {
    const part = new OpenPart(Promise.resolve(file.handle), () => Promise.resolve());
    return writeSource(file.handle, part, new BufferPool(BUFFER), start, source);
  };

  it('gathers small pieces into large writes', async () => {
    const writing = write(pieces(9), 1000);
    await turn();
    file.writes[0]!.end();
    await turn();
    file.writes[1]!.end();
    await turn();
    file.writes[2]!.end();
    expect(await writing).toBe(9 * 64 * 1024);
    expect(file.writes.map(({ length, position }) => [length, position])).toEqual([
      [BUFFER, 1000],
      [BUFFER, 1000 + BUFFER],
      [64 * 1024, 1000 + 2 * BUFFER],
    ]);
  });

  it('lets a fast source wait for a slow medium, with two buffers at most', async () => {
    const writing = write(pieces(100));
    await turn();
    expect(taken).toBeLessThan(8);
    expect(file.writes).toHaveLength(1);
    for (let i = 0; i < 25; i++) {
      file.writes[i]!.end();
      await turn();
      expect(taken).toBeLessThanOrEqual((i + 3) * 4);
    }
    expect(await writing).toBe(100 * 64 * 1024);
  });

  it('goes on where a short write ended', async () => {
    const writing = write(pieces(1), 10);
    await turn();
    file.writes[0]!.end(1000);
    await turn();
    file.writes[1]!.end();
    expect(await writing).toBe(64 * 1024);
    expect(file.writes[1]).toMatchObject({ length: 64 * 1024 - 1000, position: 1010 });
  });

  it('rejects with the error of the source only when nothing is being written any more', async () => {
    const broken = new Error('the sender went away');
    let outcome: unknown = null;
    const writing = write(pieces(5, broken)).catch((error: unknown) => (outcome = error));
    await turn();
    expect(file.writes).toHaveLength(1);
    expect(outcome).toBeNull();
    file.writes[0]!.end();
    await writing;
    expect(outcome).toBe(broken);
  });

  it.each(['ENOSPC', 'EDQUOT', 'EFBIG'])('throws OutOfSpace for %s and ends the source', async (code) => {
    let ended = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        yield* pieces(100);
      } finally {
        ended = true;
      }
    }
    const writing = expect(write(source())).rejects.toThrow(OutOfSpace);
    await turn();
    file.writes[0]!.fail(Object.assign(new Error(code), { code }));
    await writing;
    expect(ended).toBe(true);
    expect(file.writes).toHaveLength(1);
  });
});
