import type { FileHandle } from 'node:fs/promises';
import { BufferPool } from './buffer-pool';
import { assertWithin } from './span';

/** Bytes read at a time: 1 MiB would be about a tenth faster, but each client that is slow holds as many. */
const PIECE = 512 * 1024;

/** Buffers for readers that may share them. */
export function createReadBuffers(): BufferPool {
  return new BufferPool(PIECE);
}

/**
 * Reads from one descriptor, which keeps the content readable after the file is deleted. Nothing is read ahead: the
 * kernel buffers on both sides, and one large buffer for each client gives more than two small ones on a single core.
 */
export class FileReader {
  private closing: Promise<void> | null = null;

  /** @param handle belongs to the reader from now on */
  constructor(
    private readonly handle: FileHandle,
    private readonly pool: BufferPool,
    readonly size: number,
  ) {}

  async *read(start: number, end: number): AsyncGenerator<Uint8Array, void> {
    assertWithin(start, end, this.size);
    let buffer: Buffer | null = null;
    try {
      for (let position = start; position < end;) {
        const filling = (buffer ??= this.pool.take());
        const length = Math.min(filling.length, end - position);
        const { bytesRead } = await this.handle.read(filling, 0, length, position);
        if (bytesRead === 0) throw new Error(`the content ends at ${position} instead of ${end}`);
        position += bytesRead;
        // Asked for the next piece, the consumer has done with this one. When it leaves instead, the piece may still
        // be on its way into a socket, so that buffer is never used again.
        buffer = null;
        yield filling.subarray(0, bytesRead);
        buffer = filling;
      }
    } finally {
      if (buffer) this.pool.give(buffer);
    }
  }

  /** Waits for reads that are under way: a descriptor number must not be used again beneath them. */
  close(): Promise<void> {
    this.closing ??= this.handle.close();
    return this.closing;
  }
}
