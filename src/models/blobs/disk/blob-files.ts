import type { Stats } from 'node:fs';
import fs, { type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { BufferPool } from '../../../bytes/buffer-pool';
import { FileReader } from '../../../bytes/file-reader';
import { MemoryReader } from '../../../bytes/memory-reader';
import { isSmall, readWhole, SmallFiles } from '../../../bytes/small-files';
import { NotFound } from '../../../errors';
import type { BlobReader } from '../index';
import type { Layout } from './layout';
import { SegmentedReader } from './reading';
import { segmentsOf } from './segments';
import { storage } from './system';

/** Opens blobs for reading. Small ones are kept in memory: under its name a blob can never be another content. */
export class BlobFiles {
  private readonly small = new SmallFiles();

  constructor(
    private readonly layout: Layout,
    private readonly buffers: BufferPool,
  ) {}

  /** @throws `NotFound` */
  async open(sha256: string): Promise<BlobReader> {
    const file = this.layout.blob(sha256);
    const kept = this.small.get(sha256);
    if (kept) return this.inMemory(file, kept.bytes);
    const handle = await storage(fs.open(file, 'r'));
    const found = await closingOnError(handle, () => handle.stat());
    if (found.isDirectory() || isSmall(found.size)) return this.openUnheld(sha256, handle, found);
    return Object.assign(new FileReader(handle, this.buffers, found.size), this.placeOf(file));
  }

  forget(sha256: string): void {
    this.small.delete(sha256);
  }

  /** What needs the descriptor no longer than this. */
  private async openUnheld(sha256: string, handle: FileHandle, found: Stats): Promise<BlobReader> {
    const file = this.layout.blob(sha256);
    try {
      if (found.isDirectory()) return await this.openSegments(file);
      const bytes = await readWhole(handle, found.size);
      this.small.set(sha256, { bytes });
      return this.inMemory(file, bytes);
    } finally {
      await handle.close();
    }
  }

  private async openSegments(folder: string): Promise<BlobReader> {
    const segments = await storage(segmentsOf(folder));
    if (!segments) throw new NotFound('The stored bytes are not there.');
    return SegmentedReader.open(segments, this.buffers);
  }

  private inMemory(file: string, bytes: Buffer): BlobReader {
    return Object.assign(new MemoryReader(bytes), this.placeOf(file));
  }

  private placeOf(file: string): { path: string } {
    return { path: path.relative(this.layout.blobs, file) };
  }
}

/** Closes the file if the work fails. */
async function closingOnError<T>(handle: FileHandle, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await handle.close();
    throw error;
  }
}
