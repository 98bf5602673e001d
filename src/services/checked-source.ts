import { createHash } from 'node:crypto';
import { DigestMismatch, InvalidRequest, TooLarge } from '../errors';
import type { ByteSource } from '../models/blobs';
import type { Digest } from './http/digests';

/** What is known of bytes before they come. */
export interface Expectations {
  /** Exactly so many bytes. */
  length: number;
  digests: Digest[];
  /** Ends the reading with its reason. */
  signal?: AbortSignal;
}

/**
 * Passes the bytes through and throws at the moment they turn out wrong, so that whoever consumes them never takes
 * wrong ones for complete.
 * @throws `TooLarge` at the first byte too many, `InvalidRequest` when bytes are missing at the end, `DigestMismatch`
 */
export async function* checkedSource(
  source: ByteSource,
  { length, digests, signal }: Expectations,
): ByteSource {
  const hashes = digests.map(({ algorithm }) => createHash(algorithm.replace('-', '')));
  let received = 0;
  for await (const piece of source) {
    signal?.throwIfAborted();
    received += piece.length;
    if (received > length) throw new TooLarge(`More than the expected ${length} bytes came.`);
    for (const hash of hashes) hash.update(piece);
    yield piece;
  }
  if (received < length) throw new InvalidRequest(`${length} bytes were expected, ${received} came.`);
  for (const [i, expected] of digests.entries()) {
    const actual = hashes[i]?.digest();
    if (!actual?.equals(expected.value))
      throw new DigestMismatch(`The ${expected.algorithm} of the bytes is another one.`);
  }
}
