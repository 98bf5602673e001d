/** Bytes of a pooled buffer, and so of one read or write: above 256 KiB the gain is in the noise. */
const BUFFER_SIZE = 256 * 1024;
/** Buffers that are kept while nobody uses them: 8 MiB. */
const MAX_IDLE = 32;

/**
 * Buffers of 256 KiB that are used again. It never makes a taker wait: when it is empty it makes a buffer, and what
 * is given back beyond its bound is left to the garbage collector.
 */
export class BufferPool {
  private readonly idle: Buffer[] = [];

  take(): Buffer {
    return this.idle.pop() ?? Buffer.allocUnsafeSlow(BUFFER_SIZE);
  }

  /** Only for a buffer from `take` that nobody reads or writes any more, the thread pool included. */
  give(buffer: Buffer): void {
    if (this.idle.length < MAX_IDLE) this.idle.push(buffer);
  }
}
