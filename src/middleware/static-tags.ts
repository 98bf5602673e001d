import { createHash } from 'node:crypto';
import type { StaticFile } from './static-finder';

/** Larger files, in bytes, are not hashed while a client waits. */
const MOST_HASHED = 8 * 1024 * 1024;
const MOST_KEPT = 1000;
/** Longer than a tick of the clock that any usual file system stamps files by; FAT's is two seconds. */
const SETTLED_MS = 3000;

/** Gives entity tags (RFC 9110 §8.8.3) by content, which it reads once for each state of a file. */
export class StaticTags {
  private readonly kept = new Map<string, string>();

  /** Strong, the content's SHA-256; weak for files above 8 MiB, of which only size and time are known. */
  async of(file: StaticFile): Promise<string> {
    const { dev, ino, size, mtimeNs, ctimeNs } = file.stats;
    if (file.size > MOST_HASHED) return `W/"${size.toString(16)}-${mtimeNs.toString(16)}"`;
    const state = [dev, ino, size, mtimeNs, ctimeNs].join(':');
    const known = this.kept.get(state);
    if (known !== undefined) return known;
    // A file that changed a moment ago can change again within the same tick and look the same.
    const settled = Date.now() - Number(ctimeNs / 1_000_000n) > SETTLED_MS;
    const hash = createHash('sha256');
    for await (const piece of file.read(0, file.size)) hash.update(piece);
    const tag = `"${hash.digest('hex')}"`;
    if (settled) this.keep(state, tag);
    return tag;
  }

  private keep(state: string, tag: string): void {
    const [oldest] = this.kept.keys();
    if (this.kept.size >= MOST_KEPT && oldest !== undefined) this.kept.delete(oldest);
    this.kept.set(state, tag);
  }
}
