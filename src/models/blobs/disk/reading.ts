import type { FileHandle } from 'node:fs/promises';
import type { BlobReader } from '../index';
import type { BufferPool } from './buffer-pool';
import { assertPosition } from './layout';

/**
 * Reads from one descriptor, which keeps the content readable after the blob is deleted. The next read runs on the
 * thread pool while the consumer is busy with the current piece.
 */
export class DiskBlobReader implements BlobReader {
  private closing: Promise<void> | null = null;

  /** @param handle belongs to the reader from now on */
  constructor(
    private readonly handle: FileHandle,
    private readonly pool: BufferPool,
    readonly size: number,
  ) {}

  async *read(start: number, end: number): AsyncGenerator<Uint8Array, void> {
    assertPosition(start);
    if (end > this.size) throw new RangeError(`the content ends at ${this.size}, before ${end}`);
    let position = start;
    let spare: Buffer | null = null;
    let next = position < end ? this.fill(this.pool.take(), position, end) : null;
    try {
      while (next) {
        const { buffer, bytesRead } = await next;
        position += bytesRead;
        next = position < end ? this.fill(spare ?? this.pool.take(), position, end) : null;
        spare = null;
        yield buffer.subarray(0, bytesRead);
        // Asked for the next piece, the consumer has done with this one. When it leaves instead, the piece may still
        // be on its way into a socket, so that buffer is never used again.
        spare = buffer;
      }
    } finally {
      // A buffer may go back only when the read into it has ended.
      const unused = await next?.catch(() => null);
      if (unused) this.pool.give(unused.buffer);
      if (spare) this.pool.give(spare);
    }
  }

  /** Waits for reads that are under way: a descriptor number must not be used again beneath them. */
  close(): Promise<void> {
    this.closing ??= this.handle.close();
    return this.closing;
  }

  private fill(
    buffer: Buffer,
    position: number,
    end: number,
  ): Promise<{ buffer: Buffer; bytesRead: number }> {
    const filling = this.readOnce(buffer, position, end);
    // Its error is thrown when the consumer comes back for this piece; until then it must not count as unhandled.
    filling.catch(() => undefined);
    return filling;
  }

  private async readOnce(
    buffer: Buffer,
    position: number,
    end: number,
  ): Promise<{ buffer: Buffer; bytesRead: number }> {
    const length = Math.min(buffer.length, end - position);
    const { bytesRead } = await this.handle.read(buffer, 0, length, position);
    if (bytesRead === 0) throw new Error(`the content ends at ${position} instead of ${end}`);
    return { buffer, bytesRead };
  }
}
