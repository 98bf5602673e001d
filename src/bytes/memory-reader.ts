import { assertWithin } from './span';

/** Reads bytes that are in memory as if they were a file. */
export class MemoryReader {
  constructor(private readonly bytes: Uint8Array) {}

  get size(): number {
    return this.bytes.length;
  }

  async *read(start: number, end: number): AsyncGenerator<Uint8Array, void> {
    assertWithin(start, end, this.size);
    if (start < end) yield await Promise.resolve(this.bytes.subarray(start, end));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
