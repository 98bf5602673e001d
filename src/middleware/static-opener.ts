import { contentType } from 'mime-types';
import type { BigIntStats, Stats } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { createReadBuffers, FileReader } from '../bytes/file-reader';
import { MemoryReader } from '../bytes/memory-reader';
import { isSmall, readWhole, SmallFiles } from '../bytes/small-files';
import type { ContentReader } from './send-plan';

/** Longer than a tick of the clock that any usual file system stamps files by; FAT's is two seconds. */
const SETTLED_MS = 3000;

/** A static file, open: what is said of it and what is sent are one file, whatever becomes of its path. */
export interface StaticFile extends ContentReader {
  /** Bytes. */
  readonly size: number;
  readonly stats: BigIntStats;
  /** Its media type. */
  readonly type: string;
}

/** Opens static files. The bytes of small ones are kept in memory until `stat` says that the file is another. */
export class StaticOpener {
  private readonly small = new SmallFiles<{ bytes: Buffer; stats: BigIntStats }>();
  private readonly buffers = createReadBuffers();

  /**
   * @param found what lay at the path a moment ago
   * @returns null for what is gone, or no file
   */
  async open(file: string, found: Stats): Promise<StaticFile | null> {
    if (!found.isFile()) return null;
    const type = contentType(path.extname(file)) || 'application/octet-stream';
    const kept = this.small.get(stateOf(found));
    if (kept) return Object.assign(new MemoryReader(kept.bytes), { stats: kept.stats, type });
    const handle = await openUnlessGone(file);
    return handle && this.openFound(handle, type);
  }

  private async openFound(handle: FileHandle, type: string): Promise<StaticFile | null> {
    let reader: FileReader | null = null;
    try {
      const stats = await handle.stat({ bigint: true });
      if (!stats.isFile()) return null;
      const size = Number(stats.size);
      if (!isSmall(size)) {
        reader = new FileReader(handle, this.buffers, size);
        return Object.assign(reader, { stats, type });
      }
      const bytes = await readWhole(handle, size);
      if (isSettled(stats)) this.small.set(stateOf(stats), { bytes, stats });
      return Object.assign(new MemoryReader(bytes), { stats, type });
    } finally {
      if (!reader) await handle.close();
    }
  }
}

/** Whether a change of the file from now on will show in its times: within one tick of the clock it would not. */
export function isSettled({ ctimeNs }: BigIntStats): boolean {
  return Date.now() - Number(ctimeNs / 1_000_000n) > SETTLED_MS;
}

/** Milliseconds do: what is kept has been settled for longer. */
function stateOf({ dev, ino, size, mtimeMs, ctimeMs }: Stats | BigIntStats): string {
  return [dev, ino, size, Math.floor(Number(mtimeMs)), Math.floor(Number(ctimeMs))].join(':');
}

async function openUnlessGone(file: string): Promise<FileHandle | null> {
  try {
    return await open(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
