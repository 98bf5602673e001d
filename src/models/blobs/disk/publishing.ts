import fs from 'node:fs/promises';
import path from 'node:path';
import { NotFound } from '../../../errors';
import type { Layout } from './layout';
import type { PartFiles } from './part-files';
import { contentSize } from './segments';
import { codeOf, makeFolder, storage, syncFolder, unlessMissing } from './system';

/** A part that is about to be a blob: a file, or a folder of what was joined. */
interface Source {
  at: string;
  size: number;
}

/** A rename onto something of another kind, or onto a folder that is not empty. */
const IN_THE_WAY = new Set<unknown>(['EISDIR', 'ENOTDIR', 'ENOTEMPTY', 'EEXIST']);

/**
 * Makes a part a blob. The order is: sync the bytes, make and sync the folders, rename, sync both ends of the rename. A crash
 * after any step leaves a state from which the same call goes on, and folders are synced also when they were there
 * before, because whoever made them may have died before syncing them.
 * @throws `NotFound` when there is neither part nor blob; `SyncFailed`
 */
export async function publish(layout: Layout, parts: PartFiles, id: string, sha256: string): Promise<void> {
  const target = layout.blob(sha256);
  const source = (await seal(layout, parts, id)) ?? (await sealJoined(layout, id));
  if (!source && (await contentSize(target)) === null) throw new NotFound('There is no such part.');
  const folder = path.dirname(target);
  await storage(makeFolder(folder));
  await syncFolder(path.dirname(folder));
  await syncFolder(layout.blobs);
  if (source) {
    parts.retire(id);
    await move(source, target);
  }
  await syncFolder(folder);
  await syncFolder(layout.parts);
}

/**
 * Syncs the part's bytes. Its time of modification becomes that of publishing, by which a sweep tells how long a blob
 * has been there.
 * @returns null when it is gone
 */
async function seal(layout: Layout, parts: PartFiles, id: string): Promise<Source | null> {
  try {
    return await parts.use(id, async (handle, part) => {
      const now = new Date();
      await handle.utimes(now, now);
      await part.sync();
      return { at: layout.part(id), size: (await handle.stat()).size };
    });
  } catch (error) {
    if (error instanceof NotFound) return null;
    throw error;
  }
}

/** As `seal`; the bytes were synced before they were joined. */
async function sealJoined(layout: Layout, id: string): Promise<Source | null> {
  const at = layout.joined(id);
  const size = await contentSize(at);
  if (size === null || !(await renew(at))) return null;
  await syncFolder(at);
  return { at, size };
}

/** A blob of another size is damaged, since the name is the hash: the part then takes its place. */
async function move({ at, size }: Source, target: string): Promise<void> {
  for (;;) {
    if ((await contentSize(target)) === size && (await renew(target))) {
      await fs.rm(at, { recursive: true, force: true });
      return;
    }
    try {
      await storage(fs.rename(at, target));
      return;
    } catch (error) {
      // Someone else published the same part meanwhile.
      if (error instanceof NotFound && (await contentSize(target)) !== null) return;
      if (!IN_THE_WAY.has(codeOf(error))) throw error;
    }
    // Someone else may have published the same content meanwhile: then it stays.
    if ((await contentSize(target)) !== size) await fs.rm(target, { recursive: true, force: true });
  }
}

/** @returns whether it was still there */
async function renew(at: string): Promise<boolean> {
  const now = new Date();
  return unlessMissing(
    fs.utimes(at, now, now).then(() => true),
    false,
  );
}
