import type { FileHandle } from 'node:fs/promises';
import type { BufferPool } from '../../../bytes/buffer-pool';
import { assertPosition } from '../../../bytes/span';
import type { ByteSource } from '../index';
import type { OpenPart } from './part-files';
import { storage } from './system';

/**
 * Gathers pieces into large writes: one buffer fills while the other is being written, so that a writer never holds
 * more than two, and a source that is faster than the medium waits. The pieces are copied, which costs no measurable
 * throughput and lets a source use its own buffers again.
 */
class GatheringWriter {
  private buffer: Buffer;
  private filled = 0;
  private spare: Buffer | null = null;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly handle: FileHandle,
    private readonly part: OpenPart,
    private readonly pool: BufferPool,
    private position: number,
  ) {
    this.buffer = pool.take();
  }

  async add(piece: Uint8Array): Promise<void> {
    for (let taken = 0; taken < piece.length;) {
      const slice = piece.subarray(taken, taken + this.buffer.length - this.filled);
      this.buffer.set(slice, this.filled);
      this.filled += slice.length;
      taken += slice.length;
      if (this.filled === this.buffer.length) await this.flush();
    }
  }

  /** Resolves when everything added is written. */
  async finish(): Promise<void> {
    if (this.filled > 0) await this.flush();
    await this.writing;
  }

  /** Waits until nothing is being written any more, whatever came of it, and gives the buffers back. */
  async release(): Promise<void> {
    await this.writing.catch(() => undefined);
    this.pool.give(this.buffer);
    if (this.spare) this.pool.give(this.spare);
  }

  /** Starts to write the full buffer as soon as the other one is written. */
  private async flush(): Promise<void> {
    await this.writing;
    const full = this.buffer;
    this.writing = this.write(full, this.filled, this.position);
    // The error is thrown by whoever awaits `writing` next; until then it must not count as unhandled.
    this.writing.catch(() => undefined);
    this.position += this.filled;
    this.filled = 0;
    this.buffer = this.spare ?? this.pool.take();
    this.spare = full;
  }

  private async write(buffer: Buffer, length: number, position: number): Promise<void> {
    for (let done = 0; done < length;) {
      this.part.assertWritable();
      const { bytesWritten } = await storage(this.handle.write(buffer, done, length - done, position + done));
      done += bytesWritten;
    }
  }
}

/**
 * Writes the source's bytes at `start` of an open part, without syncing them.
 * @returns how many; when it rejects, nothing is being written any more
 * @throws the source's error as it is, `OutOfSpace`, `NotFound` once the part is published or discarded
 */
export async function writeSource(
  handle: FileHandle,
  part: OpenPart,
  pool: BufferPool,
  start: number,
  source: ByteSource,
): Promise<number> {
  assertPosition(start);
  const writer = new GatheringWriter(handle, part, pool, start);
  let count = 0;
  try {
    for await (const piece of source) {
      await writer.add(piece);
      count += piece.length;
    }
    await writer.finish();
    return count;
  } finally {
    await writer.release();
  }
}

/** Whether the source's bytes lie at `start` of the file. Reads the source to its end in any case. */
export async function sourceMatches(
  handle: FileHandle,
  pool: BufferPool,
  start: number,
  source: ByteSource,
): Promise<boolean> {
  assertPosition(start);
  const buffer = pool.take();
  let position = start;
  let same = true;
  try {
    for await (const piece of source) {
      for (let seen = 0; same && seen < piece.length;) {
        const expected = piece.subarray(seen, seen + buffer.length);
        const { bytesRead } = await handle.read(buffer, 0, expected.length, position);
        same = bytesRead > 0 && buffer.subarray(0, bytesRead).equals(expected.subarray(0, bytesRead));
        seen += bytesRead;
        position += bytesRead;
      }
    }
    return same;
  } finally {
    pool.give(buffer);
  }
}
