import { NotFound, Unavailable } from '../../../errors';
import { assertWithin } from '../../../bytes/span';
import type { BlobReader, ByteSource } from '../index';
import type { Bucket } from './bucket';
import { clipped, contiguousEnd, type Segment } from './segments';

/** How often in a row a connection may break off without having brought anything. */
const MOST_FAILURES = 3;

/**
 * Bytes [start, end) of an object. What breaks off, or is ended because its reader is slow, goes on where it was: the
 * bytes under a key never change.
 * @throws `NotFound`, `Unavailable`
 */
export async function* readObject(bucket: Bucket, key: string, start: number, end: number): ByteSource {
  let failures = 0;
  for (let position = start; position < end;) {
    const body = await bucket.read(key, position, end);
    let cause: unknown;
    try {
      for await (const piece of body as AsyncIterable<Uint8Array>) {
        position += piece.length;
        failures = 0;
        yield piece;
      }
    } catch (error) {
      cause = error;
    }
    if (position >= end) return;
    failures += 1;
    if (failures > MOST_FAILURES) throw new Unavailable('Reading from the object storage broke off.', cause);
  }
}

/**
 * Bytes [start, end) of what lies in several objects.
 * @throws `NotFound` at the first byte that is in none
 */
export async function* readSegments(
  bucket: Bucket,
  segments: Segment[],
  start: number,
  end: number,
): ByteSource {
  const there = Math.min(contiguousEnd(segments, start), end);
  for (const { key, start: from, end: to, offset } of clipped(segments, start, there)) {
    yield* readObject(bucket, key, offset, offset + to - from);
  }
  if (there < end) throw new NotFound(`The content ends at ${there} instead of ${end}.`);
}

/** Reads a blob. Every reading has a connection of its own. */
export class ObjectReader implements BlobReader {
  constructor(
    private readonly bucket: Bucket,
    private readonly key: string,
    readonly size: number,
  ) {}

  async *read(start: number, end: number): AsyncGenerator<Uint8Array, void> {
    assertWithin(start, end, this.size);
    if (start >= end) return;
    yield* readObject(this.bucket, this.key, start, end);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
