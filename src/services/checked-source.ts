import { createHash } from 'node:crypto';
import { DigestMismatch, InvalidRequest, TooLarge } from '../errors';
import type { ByteSource } from '../models/blobs';

/** A digest that bytes should have. SHA-1 guards against accidents only; other people's protocols have it. */
export interface ExpectedDigest {
  algorithm: 'sha-1' | 'sha-256' | 'sha-512';
  value: Buffer;
}

/** What is known of bytes before they come. */
export interface Expectations {
  /** Exactly so many bytes; null when nobody said how many. */
  length: number | null;
  /** At most so many bytes, where the length is null; null for any number. */
  most?: number | null;
  digests: ExpectedDigest[];
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
  { length, most = length, digests, signal }: Expectations,
): ByteSource {
  const hashes = digests.map(({ algorithm }) => createHash(algorithm.replace('-', '')));
  let received = 0;
  for await (const piece of source) {
    signal?.throwIfAborted();
    received += piece.length;
    if (most !== null && received > most) throw new TooLarge(`More than the expected ${most} bytes came.`);
    for (const hash of hashes) hash.update(piece);
    yield piece;
  }
  if (length !== null && received < length)
    throw new InvalidRequest(`${length} bytes were expected, ${received} came.`);
  for (const [i, expected] of digests.entries()) {
    const actual = hashes[i]?.digest();
    if (!actual?.equals(expected.value))
      throw new DigestMismatch(`The ${expected.algorithm} of the bytes is another one.`);
  }
}
