import { parseItem } from './structured-fields';

/**
 * The versions of draft-ietf-httpbis-resumable-upload that are spoken: 5 is draft 03, 6 is 04 and 05, 7 is 06 to 08,
 * 8 is 09 to 12, and 9 what may follow with the same meaning.
 */
const VERSIONS = [5, 6, 7, 8, 9];

/** `Upload-Limit` of an upload, or of uploads in general. */
export interface UploadLimitation {
  /** Bytes of the whole. */
  maxSize: number;
  /** Seconds until the upload ends; null for uploads in general. */
  maxAge: number | null;
}

/**
 * Whether an upload is complete once it has as many bytes as were said. Up to draft 05 servers did so, and clients of
 * that time never say `Upload-Complete: ?1`; later drafts want that to be said.
 */
export function completesByLength(version: number | null): boolean {
  return version !== null && version <= 6;
}

type Lines = readonly string[] | undefined;

/** Reads a field that is a Boolean; any other value is as if not sent. */
export function parseBoolean(lines: Lines): boolean | null {
  const item = parseItem(lines ?? [])?.item;
  return item?.type === 'boolean' ? item.value : null;
}

/** Reads a field that is a count of bytes; any other value is as if not sent. */
export function parseCount(lines: Lines): number | null {
  const item = parseItem(lines ?? [])?.item;
  return item?.type === 'integer' && item.value >= 0 ? item.value : null;
}

/** Reads `Upload-Draft-Interop-Version`. @returns null for one that is not spoken, which then counts as none */
export function parseInteropVersion(lines: Lines): number | null {
  const version = parseCount(lines);
  return version !== null && VERSIONS.includes(version) ? version : null;
}

export function formatBoolean(value: boolean): string {
  return value ? '?1' : '?0';
}

/** @param version of the draft: what is left of the time had another name up to 6 */
export function formatLimit({ maxSize, maxAge }: UploadLimitation, version: number | null): string {
  const age = version !== null && version <= 6 ? 'expires' : 'max-age';
  return [`max-size=${maxSize}`, ...(maxAge === null ? [] : [`${age}=${maxAge}`])].join(', ');
}
