import path from 'node:path';

const PART_ID = /^[A-Za-z0-9_-]{1,64}$/;
const SHA256 = /^[0-9a-f]{64}$/;

/** @param text a file name found in storage */
export const isPartId = (text: string): boolean => PART_ID.test(text);

/** @param text a file name found in storage */
export const isSha256 = (text: string): boolean => SHA256.test(text);

/**
 * Where things lie: `<directory>/parts/<id>` and `<directory>/blobs/ab/cd/<sha256>`. Two levels of 256 folders keep
 * each folder small with tens of millions of blobs.
 */
export class Layout {
  /** Absolute. */
  readonly directory: string;
  readonly parts: string;
  readonly blobs: string;

  constructor(directory: string) {
    this.directory = path.resolve(directory);
    this.parts = path.join(this.directory, 'parts');
    this.blobs = path.join(this.directory, 'blobs');
  }

  /** @throws TypeError for what is not an id: 1 to 64 of `[A-Za-z0-9_-]` */
  part(id: string): string {
    if (!isPartId(id)) throw new TypeError('not the id of a part');
    return path.join(this.parts, id);
  }

  /** @throws TypeError for what is not 64 lower-case hexadecimal digits */
  blob(sha256: string): string {
    if (!isSha256(sha256)) throw new TypeError('not a SHA-256 in lower-case hexadecimal');
    return path.join(this.blobs, sha256.slice(0, 2), sha256.slice(2, 4), sha256);
  }
}

/**
 * For the file system a position below zero means "wherever the descriptor is", which would be silently wrong.
 * @throws RangeError unless it is a whole number from 0 on
 */
export function assertPosition(position: number): void {
  if (!Number.isSafeInteger(position) || position < 0) throw new RangeError(`not a position: ${position}`);
}
