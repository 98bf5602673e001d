import type { Dirent } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import { unlessMissing } from './system';

/** A file that holds bytes [start, start + size) of a content. */
export interface Segment {
  file: string;
  start: number;
  size: number;
}

const NAME = /^\d{5}$/;

/** Where the segment of that index lies in the folder of its content. */
export function segmentFile(folder: string, index: number): string {
  return path.join(folder, String(index).padStart(5, '0'));
}

/**
 * What lies under a path that is a file, or a folder of segments in the order of their names.
 * @returns null when there is nothing
 */
export async function segmentsOf(at: string): Promise<Segment[] | null> {
  const found = await unlessMissing(fs.stat(at), null);
  if (found?.isFile()) return [{ file: at, start: 0, size: found.size }];
  if (!found?.isDirectory()) return null;
  const entries = await unlessMissing<Dirent[], null>(fs.readdir(at, { withFileTypes: true }), null);
  if (!entries) return null;
  const names = entries.filter((entry) => entry.isFile() && NAME.test(entry.name)).map(({ name }) => name);
  const segments: Segment[] = [];
  let start = 0;
  for (const name of names.sort()) {
    const file = path.join(at, name);
    const { size } = await fs.stat(file);
    segments.push({ file, start, size });
    start += size;
  }
  return segments;
}

/** @returns bytes of all segments, or null when there is nothing under the path */
export async function contentSize(at: string): Promise<number | null> {
  const segments = await segmentsOf(at);
  return segments && segments.reduce((sum, { size }) => sum + size, 0);
}
