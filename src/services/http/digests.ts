import { splitList } from './fields';
import { parseDictionary } from './structured-fields';

/** The active algorithms of RFC 9530 §7.2, by their names there; Node's `createHash` wants them without the hyphen. */
export type DigestAlgorithm = 'sha-256' | 'sha-512';

export interface Digest {
  algorithm: DigestAlgorithm;
  /** What the client says; of another length than the algorithm's it is never equal to a real one. */
  value: Buffer;
}

function isSupported(name: string): name is DigestAlgorithm {
  return name === 'sha-256' || name === 'sha-512';
}

/**
 * Reads `Content-Digest` or `Repr-Digest` (RFC 9530 §2 and §3).
 * Algorithms that are unknown or insecure (md5, sha, …) are ignored, so the list may be empty.
 * @param lines the field lines; not sent is the same as empty
 * @returns `malformed` when it is no dictionary, or a known algorithm's value is no byte sequence: 400
 */
export function parseDigests(lines: readonly string[] | undefined): Digest[] | 'malformed' {
  const dictionary = parseDictionary(lines ?? []);
  if (!dictionary) return 'malformed';
  const digests: Digest[] = [];
  for (const [algorithm, member] of dictionary) {
    if (!isSupported(algorithm)) continue;
    if (!('item' in member) || member.item.type !== 'bytes') return 'malformed';
    digests.push({ algorithm, value: member.item.value });
  }
  return digests;
}

/** The available algorithm with the greatest weight above 0; of equals, the one named first in `available`. */
function heaviest(
  weights: ReadonlyMap<string, number>,
  available: readonly DigestAlgorithm[],
): DigestAlgorithm | null {
  let best: DigestAlgorithm | null = null;
  let bestWeight = 0;
  for (const algorithm of available) {
    const weight = weights.get(algorithm) ?? 0;
    if (weight > bestWeight) {
      best = algorithm;
      bestWeight = weight;
    }
  }
  return best;
}

/**
 * Reads `Want-Repr-Digest` or `Want-Content-Digest` (RFC 9530 §4): weights from 1 to 10, and 0 for "not this one".
 * A malformed field is as if not sent.
 * @param available what the server can answer, best first
 * @returns null when nothing is wanted that is available
 */
export function preferredDigest(
  lines: readonly string[] | undefined,
  available: readonly DigestAlgorithm[],
): DigestAlgorithm | null {
  const weights = new Map<string, number>();
  for (const [algorithm, member] of parseDictionary(lines ?? []) ?? []) {
    if (!('item' in member) || member.item.type !== 'integer') continue;
    const weight = member.item.value;
    if (weight >= 0 && weight <= 10) weights.set(algorithm, weight);
  }
  return heaviest(weights, available);
}

/**
 * Reads `Want-Digest`, the field that Want-Repr-Digest replaced (RFC 3230 §4.3.1): names in any case, weights as
 * `;q=`. Members that are malformed are ignored.
 * @param available what the server can answer, best first
 * @returns null when nothing is wanted that is available
 */
export function preferredLegacyDigest(
  lines: readonly string[] | undefined,
  available: readonly DigestAlgorithm[],
): DigestAlgorithm | null {
  const weights = new Map<string, number>();
  for (const member of splitList((lines ?? []).join(','))) {
    const match = /^([\w-]+)(?:[ \t]*;[ \t]*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?$/i.exec(member);
    if (match?.[1] !== undefined) weights.set(match[1].toLowerCase(), Number(match[2] ?? 1));
  }
  return heaviest(weights, available);
}

/** A value of `Repr-Digest` or `Content-Digest`: `sha-256=:…:`. */
export function formatDigest(algorithm: DigestAlgorithm, digest: Uint8Array): string {
  return `${algorithm}=:${Buffer.from(digest).toString('base64')}:`;
}

/** A value of `Digest` (RFC 3230 §4.3.2), the answer to `Want-Digest`: `SHA-256=…`. */
export function formatLegacyDigest(algorithm: DigestAlgorithm, digest: Uint8Array): string {
  return `${algorithm.toUpperCase()}=${Buffer.from(digest).toString('base64')}`;
}
