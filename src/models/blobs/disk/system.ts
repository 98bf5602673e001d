import fs from 'node:fs/promises';
import path from 'node:path';
import { NotFound, OutOfSpace } from '../../../errors';
import { SyncFailed } from '../index';

/** The code of a system error, e.g. `ENOENT`; undefined for anything else. */
export function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

/**
 * Awaits file system work and puts its errors into the words of the catalogue.
 * @throws `NotFound` for a missing file, `OutOfSpace` for a full medium, anything else as it is
 */
export async function storage<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    switch (codeOf(error)) {
      case 'ENOENT':
        throw new NotFound('The stored bytes are not there.', { cause: error });
      case 'ENOSPC':
      case 'EDQUOT':
      case 'EFBIG':
        throw new OutOfSpace('The storage has no room for these bytes.', { cause: error });
      default:
        throw error;
    }
  }
}

/** Awaits file system work; a missing file gives `fallback`. */
export async function unlessMissing<T, F>(work: Promise<T>, fallback: F): Promise<T | F> {
  try {
    return await work;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return fallback;
    throw error;
  }
}

/** @returns bytes, or null when there is no such file */
export async function sizeOf(file: string): Promise<number | null> {
  const found = await unlessMissing(fs.stat(file), null);
  return found?.isFile() ? found.size : null;
}

/** Makes a folder's entries (new, renamed, removed) survive a power cut. @throws `SyncFailed` */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await fs.open(folder, 'r');
  try {
    await handle.sync();
  } catch (error) {
    throw new SyncFailed(error);
  } finally {
    await handle.close();
  }
}

/** Makes a folder and those above it, as far as they are missing, so that they survive a power cut. */
export async function makeFolder(folder: string): Promise<void> {
  const first = await fs.mkdir(folder, { recursive: true });
  if (first === undefined) return;
  for (let made = folder; made !== path.dirname(first); made = path.dirname(made)) {
    await syncFolder(path.dirname(made));
  }
}
