import fs from 'node:fs/promises';
import type { BufferPool } from '../../../bytes/buffer-pool';
import { FileReader } from '../../../bytes/file-reader';
import { assertWithin } from '../../../bytes/span';
import type { BlobReader } from '../index';
import type { Segment } from './segments';
import { storage } from './system';

/** So many segments of a blob stay open together with it, and so stay readable when it is deleted. */
const KEPT_OPEN = 16;

/** Reads a blob that lies in several files. Of one with many it has a single one open, and only while it needs it. */
export class SegmentedReader implements BlobReader {
  readonly size: number;
  private readonly opened = new Set<FileReader>();
  /** By their index. */
  private readonly kept: FileReader[] = [];

  private constructor(
    private readonly segments: Segment[],
    private readonly pool: BufferPool,
  ) {
    this.size = segments.reduce((sum, { size }) => sum + size, 0);
  }

  /** @throws `NotFound` */
  static async open(segments: Segment[], pool: BufferPool): Promise<SegmentedReader> {
    const reader = new SegmentedReader(segments, pool);
    if (segments.length > KEPT_OPEN) return reader;
    try {
      for (const segment of segments) reader.kept.push(await reader.openSegment(segment));
      return reader;
    } catch (error) {
      await reader.close();
      throw error;
    }
  }

  async *read(start: number, end: number): AsyncGenerator<Uint8Array, void> {
    assertWithin(start, end, this.size);
    for (const [index, segment] of this.segments.entries()) {
      const from = Math.max(start, segment.start) - segment.start;
      const to = Math.min(end, segment.start + segment.size) - segment.start;
      if (from < to) yield* this.readSegment(index, segment, from, to);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.opened].map((segment) => segment.close()));
  }

  private async *readSegment(
    index: number,
    segment: Segment,
    from: number,
    to: number,
  ): AsyncGenerator<Uint8Array, void> {
    const kept = this.kept[index];
    const reader = kept ?? (await this.openSegment(segment));
    try {
      yield* reader.read(from, to);
    } finally {
      if (!kept) await this.closeSegment(reader);
    }
  }

  private async openSegment({ file, size }: Segment): Promise<FileReader> {
    const reader = new FileReader(await storage(fs.open(file, 'r')), this.pool, size);
    this.opened.add(reader);
    return reader;
  }

  private async closeSegment(reader: FileReader): Promise<void> {
    this.opened.delete(reader);
    await reader.close();
  }
}
