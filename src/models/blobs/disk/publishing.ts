import fs from 'node:fs/promises';
import path from 'node:path';
import { NotFound } from '../../../errors';
import type { Layout } from './layout';
import type { PartFiles } from './part-files';
import { makeFolder, sizeOf, storage, syncFolder, unlessMissing } from './system';

/**
 * Makes a part a blob. The order is: sync the bytes, make and sync the folders, rename, sync both ends of the rename. A crash
 * after any step leaves a state from which the same call goes on, and folders are synced also when they were there
 * before, because whoever made them may have died before syncing them.
 * @throws `NotFound` when there is neither part nor blob; `SyncFailed`
 */
export async function publish(layout: Layout, parts: PartFiles, id: string, sha256: string): Promise<void> {
  const source = layout.part(id);
  const target = layout.blob(sha256);
  const size = await seal(parts, id);
  if (size === null && (await sizeOf(target)) === null) throw new NotFound('There is no such part.');
  const folder = path.dirname(target);
  await storage(makeFolder(folder));
  await syncFolder(path.dirname(folder));
  await syncFolder(layout.blobs);
  if (size !== null) {
    parts.retire(id);
    await move(source, target, size);
  }
  await syncFolder(folder);
  await syncFolder(layout.parts);
}

/**
 * Syncs the part's bytes. Its time of modification becomes that of publishing, by which a sweep tells how long a blob
 * has been there.
 * @returns its bytes, or null when it is gone
 */
async function seal(parts: PartFiles, id: string): Promise<number | null> {
  try {
    return await parts.use(id, async (handle, part) => {
      const now = new Date();
      await handle.utimes(now, now);
      await part.sync();
      return (await handle.stat()).size;
    });
  } catch (error) {
    if (error instanceof NotFound) return null;
    throw error;
  }
}

/** A blob of another size is damaged, since the name is the hash: the part then takes its place. */
async function move(source: string, target: string, size: number): Promise<void> {
  if ((await sizeOf(target)) === size && (await renew(target))) {
    await fs.rm(source, { force: true });
    return;
  }
  try {
    await storage(fs.rename(source, target));
  } catch (error) {
    // Someone else published the same part meanwhile.
    if (error instanceof NotFound && (await sizeOf(target)) !== null) return;
    throw error;
  }
}

/** @returns whether the blob was still there */
async function renew(blob: string): Promise<boolean> {
  const now = new Date();
  return unlessMissing(
    fs.utimes(blob, now, now).then(() => true),
    false,
  );
}
