import path from 'node:path';
import { assertPartId, assertSha256, isPartId } from '../names';

/** Ends the name of a folder that is a part made of others; no id of a part has a dot. */
const JOINED = '.joined';

/** The id of a part, by the name of its file or folder; null for what is none. */
export function partIdOf({ name, isFolder }: { name: string; isFolder: boolean }): string | null {
  if (isFolder && !name.endsWith(JOINED)) return null;
  const id = isFolder ? name.slice(0, -JOINED.length) : name;
  return isPartId(id) ? id : null;
}

/**
 * Where things lie: `<directory>/parts/<id>` and `<directory>/blobs/ab/cd/<sha256>`. Two levels of 256 folders keep
 * each folder small with tens of millions of blobs. What was joined from several parts is a folder of their files,
 * `parts/<id>.joined` and then `blobs/ab/cd/<sha256>`: see `segmentsOf`.
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
    assertPartId(id);
    return path.join(this.parts, id);
  }

  /** Of a part made of others. @throws as `part` */
  joined(id: string): string {
    return `${this.part(id)}${JOINED}`;
  }

  /** @throws TypeError for what is not 64 lower-case hexadecimal digits */
  blob(sha256: string): string {
    assertSha256(sha256);
    return path.join(this.blobs, sha256.slice(0, 2), sha256.slice(2, 4), sha256);
  }
}
