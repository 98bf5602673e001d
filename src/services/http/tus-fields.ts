import { trimOws } from './fields';

/** Of `Upload-Metadata`: what a key's value is, as bytes; a key may stand alone. */
export type TusMetadata = Map<string, Buffer>;

/** An `Upload-Checksum`, with the algorithm's name as the extension has it. */
export interface TusChecksum {
  algorithm: 'sha1' | 'sha256';
  value: Buffer;
}

/** What an `Upload-Concat` says of an upload. */
export type TusConcat = { kind: 'partial' } | { kind: 'final'; urls: string[] };

/** The algorithms that are offered, with the bytes of their digests. */
const CHECKSUMS = { sha1: 20, sha256: 32 } as const;

/** As `Tus-Checksum-Algorithm` lists them. */
export const CHECKSUM_ALGORITHMS = Object.keys(CHECKSUMS).join(',');

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

/** Strictly, but that padding may be left out. */
function decodeBase64(text: string): Buffer | null {
  return BASE64.test(text) ? Buffer.from(text, 'base64') : null;
}

/**
 * Reads `Upload-Metadata` of tus 1.0, creation: pairs of an ASCII key and Base64, by commas.
 * @param value not sent is the same as empty
 * @returns null when it is malformed, or a key comes twice
 */
export function parseMetadata(value: string): TusMetadata | null {
  const metadata: TusMetadata = new Map();
  if (trimOws(value) === '') return metadata;
  for (const pair of value.split(',')) {
    const [, key = '', text = ''] = /^([\x21-\x2b\x2d-\x7e]+)(?: +(\S*))?$/.exec(trimOws(pair)) ?? [];
    const bytes = decodeBase64(text);
    if (key === '' || !bytes || metadata.has(key)) return null;
    metadata.set(key, bytes);
  }
  return metadata;
}

/**
 * Reads `Upload-Checksum` of tus 1.0, checksum: the algorithm and the digest in Base64.
 * @returns null when it is malformed or by an algorithm that is not offered
 */
export function parseChecksum(value: string): TusChecksum | null {
  const [, algorithm = '', text = ''] = /^([a-z0-9]+) +(\S+)$/.exec(trimOws(value)) ?? [];
  if (algorithm !== 'sha1' && algorithm !== 'sha256') return null;
  const digest = decodeBase64(text);
  return digest?.length === CHECKSUMS[algorithm] ? { algorithm, value: digest } : null;
}

/**
 * Reads `Upload-Concat` of tus 1.0, concatenation.
 * @returns null when it is malformed
 */
export function parseConcat(value: string): TusConcat | null {
  const text = trimOws(value);
  if (text === 'partial') return { kind: 'partial' };
  const [, list] = /^final; *(\S.*)$/.exec(text) ?? [];
  return list === undefined ? null : { kind: 'final', urls: list.split(/ +/) };
}

/** Reads a count of bytes, e.g. of `Upload-Length`. @returns null when it is malformed or beyond 2^53 - 1 */
export function parseByteCount(value: string): number | null {
  if (!/^\d{1,16}$/.test(value)) return null;
  const count = Number(value);
  return Number.isSafeInteger(count) ? count : null;
}
