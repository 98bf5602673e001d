/** Bytes of the buffers that are kept while nobody uses them. */
const MOST_IDLE_BYTES = 8 * 1024 * 1024;

/**
 * Buffers of one size that are used again. It never makes a taker wait: when it is empty it makes a buffer, and what
 * is given back beyond its bound is left to the garbage collector.
 */
export class BufferPool {
  private readonly idle: Buffer[] = [];

  /** @param size bytes of each buffer, and so of one read or write */
  constructor(private readonly size: number) {}

  take(): Buffer {
    // The one given back last: it is the likeliest to be in the CPU's cache.
    return this.idle.pop() ?? Buffer.allocUnsafeSlow(this.size);
  }

  /** Only for a buffer from `take` that nobody reads or writes any more, the thread pool included. */
  give(buffer: Buffer): void {
    if ((this.idle.length + 1) * this.size <= MOST_IDLE_BYTES) this.idle.push(buffer);
  }
}
