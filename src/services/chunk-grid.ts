import type { Extent } from '../models/sql';

/** The most chunks that one upload has: object storage takes no more parts. */
export const MOST_CHUNKS = 10_000;

/** First and last index, both included. */
export type IndexRange = [first: number, last: number];

/** How a size is cut into chunks: all of `chunkSize` bytes, but for the last. */
export interface Grid {
  size: number;
  chunkSize: number;
}

/**
 * The chunk size that an upload gets: what was asked for, within the limits, but large enough for `MOST_CHUNKS`.
 * Sizes in bytes.
 */
export function chooseChunkSize(
  size: number,
  asked: number | undefined,
  limits: { standard: number; least: number; most: number },
): number {
  const wanted = Math.min(Math.max(asked ?? limits.standard, limits.least), limits.most);
  const needed = Math.ceil(size / MOST_CHUNKS);
  return Math.max(wanted, needed);
}

export function chunkCount({ size, chunkSize }: Grid): number {
  return Math.ceil(size / chunkSize);
}

/** The bytes of a chunk; null when there is no such chunk. */
export function chunkExtent({ size, chunkSize }: Grid, index: number): Extent | null {
  const start = index * chunkSize;
  return start < size ? { start, end: Math.min(start + chunkSize, size) } : null;
}

/** Which chunks are wholly inside the extents, which ascend and do not touch. */
export function receivedChunks({ size, chunkSize }: Grid, extents: Extent[]): IndexRange[] {
  const ranges: IndexRange[] = [];
  for (const { start, end } of extents) {
    const first = Math.ceil(start / chunkSize);
    const last = (end === size ? Math.ceil(end / chunkSize) : Math.floor(end / chunkSize)) - 1;
    if (first <= last) ranges.push([first, last]);
  }
  return ranges;
}

/** Which chunks are not wholly inside the extents. */
export function missingChunks(grid: Grid, extents: Extent[]): IndexRange[] {
  const missing: IndexRange[] = [];
  let next = 0;
  for (const [first, last] of receivedChunks(grid, extents)) {
    if (first > next) missing.push([next, first - 1]);
    next = last + 1;
  }
  const count = chunkCount(grid);
  if (next < count) missing.push([next, count - 1]);
  return missing;
}

export function receivedBytes(extents: Extent[]): number {
  return extents.reduce((sum, { start, end }) => sum + end - start, 0);
}

/** Whether one of the extents has all of `extent`. */
export function covers(extents: Extent[], extent: Extent): boolean {
  return extents.some(({ start, end }) => start <= extent.start && extent.end <= end);
}

/** How many bytes are there from the start on without a gap. */
export function prefixLength(extents: Extent[]): number {
  const [first] = extents;
  return first?.start === 0 ? first.end : 0;
}
