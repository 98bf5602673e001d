import type { FileHandle } from 'node:fs/promises';
import { RecentlyUsed } from './recently-used';

/** Bytes of the largest file that counts as small: read at once and kept in memory. */
const LARGEST = 256 * 1024;
const MOST_KEPT_BYTES = 16 * 1024 * 1024;
/** About what an entry costs beside its bytes. */
const ENTRY_BYTES = 512;

export function isSmall(size: number): boolean {
  return size <= LARGEST;
}

/** What small files held when they were read last: opening a file costs much more than sending so few bytes. */
export class SmallFiles<Kept extends { bytes: Buffer }> extends RecentlyUsed<Kept> {
  constructor() {
    super(MOST_KEPT_BYTES, ({ bytes }) => bytes.length + ENTRY_BYTES);
  }
}

/** @throws when the file is shorter than `size` */
export async function readWhole(handle: FileHandle, size: number): Promise<Buffer> {
  const whole = Buffer.allocUnsafeSlow(size);
  for (let filled = 0; filled < size;) {
    const { bytesRead } = await handle.read(whole, filled, size - filled, filled);
    if (bytesRead === 0) throw new Error(`the content ends at ${filled} instead of ${size}`);
    filled += bytesRead;
  }
  return whole;
}
