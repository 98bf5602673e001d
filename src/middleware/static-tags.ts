import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip } from 'node:zlib';
import { isSettled, type StaticFile } from './static-opener';

/** Larger files, in bytes, are not hashed while a client waits. */
const MOST_HASHED = 8 * 1024 * 1024;
const MOST_KEPT = 1000;

const DECODERS = { br: promisify(brotliDecompress), gzip: promisify(gunzip) } as const;

/** Whether the file is small enough for a strong tag. */
export function isHashed({ size }: StaticFile): boolean {
  return size <= MOST_HASHED;
}

/** Gives entity tags (RFC 9110 §8.8.3) by content, which it reads once for each state of a file. */
export class StaticTags {
  private readonly kept = new Map<string, string | null>();

  /** Strong, the content's SHA-256; weak for files above 8 MiB, of which only size and time are known. */
  async of(file: StaticFile): Promise<string> {
    const { size, mtimeNs } = file.stats;
    if (!isHashed(file)) return `W/"${size.toString(16)}-${mtimeNs.toString(16)}"`;
    const tag = async () => {
      const hash = createHash('sha256');
      for await (const piece of file.read(0, file.size)) hash.update(piece);
      return `"${hash.digest('hex')}"`;
    };
    return this.remember('', file, tag);
  }

  /** The tag of what a compressed file is when it is decoded; null when that cannot be done, or is above 8 MiB. */
  async ofDecoded(file: StaticFile, coding: keyof typeof DECODERS): Promise<string | null> {
    if (!isHashed(file)) return null;
    return this.remember<string | null>(coding, file, async () => {
      const pieces: Buffer[] = [];
      for await (const piece of file.read(0, file.size)) pieces.push(Buffer.from(piece));
      const whole = DECODERS[coding](Buffer.concat(pieces), { maxOutputLength: MOST_HASHED });
      return whole.then(
        (bytes) => `"${createHash('sha256').update(bytes).digest('hex')}"`,
        () => null,
      );
    });
  }

  private async remember<T extends string | null>(
    what: string,
    { stats }: StaticFile,
    make: () => Promise<T>,
  ): Promise<T> {
    const { dev, ino, size, mtimeNs, ctimeNs } = stats;
    const state = [what, dev, ino, size, mtimeNs, ctimeNs].join(':');
    const known = this.kept.get(state);
    if (known !== undefined) return known as T;
    // A file that changed a moment ago can change again within the same tick and look the same.
    const settled = isSettled(stats);
    const tag = await make();
    if (settled) this.keep(state, tag);
    return tag;
  }

  private keep(state: string, tag: string | null): void {
    const [oldest] = this.kept.keys();
    if (this.kept.size >= MOST_KEPT && oldest !== undefined) this.kept.delete(oldest);
    this.kept.set(state, tag);
  }
}
