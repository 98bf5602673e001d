import { assertPartId, assertSha256, isPartId, isSha256 } from '../names';

/** Digits of a position: 2^53 has 16. */
const POSITION_DIGITS = 16;
const TURN_DIGITS = 9;

const EXTENT = /^parts\/[^/]+\/bytes\/(\d{16})-(\d{16})\.(\d{9})\.([0-9a-f]+)$/;
const BLOB = /^blobs\/([0-9a-f]{2})\/([0-9a-f]{2})\/([0-9a-f]+)$/;
const PART = /^parts\/([^/]+)\//;

/** An object with bytes [start, end) of a part. Nothing ever changes it, and no other one has its key. */
export interface StoredExtent {
  key: string;
  start: number;
  end: number;
  /** Above that of all that it may write over. */
  turn: number;
}

/** What lies in the bucket. Keys of one part are beside each other, its bytes by their start. */
export const keys = {
  parts: 'parts/',
  blobs: 'blobs/',

  /** Everything of a part begins with it. @throws TypeError for what is no id */
  part(id: string): string {
    assertPartId(id);
    return `parts/${id}/`;
  },
  /** Says that the part is there, and what it is made of. */
  marker: (id: string): string => `${keys.part(id)}part`,
  /** The very objects whose bytes were hashed. */
  sealed: (id: string): string => `${keys.part(id)}sealed`,
  /** Says that the part is a piece of another one. */
  within: (id: string, whole: string): string => `${keys.part(id)}within.${whole}`,
  /** Names an assembly of the part under way, which is to be aborted with it. */
  assembly: (id: string, nonce: string): string => `${keys.part(id)}assembly.${nonce}`,

  bytes: (id: string): string => `${keys.part(id)}bytes/`,
  /** Keys of bytes that start at `start` or later come after it. */
  bytesFrom: (id: string, start: number): string => `${keys.bytes(id)}${digits(start, POSITION_DIGITS)}`,
  extent(id: string, { start, end, turn }: Omit<StoredExtent, 'key'>, nonce: string): string {
    return `${keys.bytesFrom(id, start)}-${digits(end, POSITION_DIGITS)}.${digits(turn, TURN_DIGITS)}.${nonce}`;
  },

  /** @throws TypeError for what is no SHA-256 */
  blob(sha256: string): string {
    assertSha256(sha256);
    return `blobs/${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}`;
  },
};

function digits(value: number, count: number): string {
  return String(value).padStart(count, '0');
}

/** @returns null for the key of anything else */
export function parseExtent(key: string): StoredExtent | null {
  const [, start, end, turn] = EXTENT.exec(key) ?? [];
  return start === undefined ? null : { key, start: Number(start), end: Number(end), turn: Number(turn) };
}

/** @returns the id of the part that the key belongs to; null for the key of anything else */
export function partOf(key: string): string | null {
  const [, id] = PART.exec(key) ?? [];
  return id !== undefined && isPartId(id) ? id : null;
}

/** @returns the part that this one is a piece of, by a key of `keys.within`; null for any other key */
export function wholeOf(key: string): string | null {
  const [, whole] = /^parts\/[^/]+\/within\.(.+)$/.exec(key) ?? [];
  return whole !== undefined && isPartId(whole) ? whole : null;
}

export function isAssembly(key: string): boolean {
  return /^parts\/[^/]+\/assembly\./.test(key);
}

/** @returns the name of a blob that lies where it belongs; null for any other key */
export function sha256Of(key: string): string | null {
  const [, first, second, name] = BLOB.exec(key) ?? [];
  if (name === undefined || !isSha256(name)) return null;
  return name.startsWith(`${first ?? ''}${second ?? ''}`) ? name : null;
}
