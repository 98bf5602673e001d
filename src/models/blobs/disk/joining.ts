import fs from 'node:fs/promises';
import { NotFound } from '../../../errors';
import type { Piece } from '../index';
import type { Layout } from './layout';
import type { PartFiles } from './part-files';
import { segmentFile } from './segments';
import { makeFolder, sizeOf, storage, syncFolder } from './system';

/**
 * Moves parts, in their order, into a folder that is a part itself: no byte is copied. A crash after any step leaves a
 * state from which the same call goes on.
 * @throws `NotFound` when a piece is neither where it was nor where it goes, or is too short; `SyncFailed`
 */
export async function join(layout: Layout, parts: PartFiles, id: string, pieces: Piece[]): Promise<void> {
  const folder = layout.joined(id);
  await storage(makeFolder(folder));
  for (const [index, piece] of pieces.entries()) {
    const target = segmentFile(folder, index);
    if ((await sizeOf(target)) !== null) continue;
    await cut(parts, piece);
    parts.retire(piece.id);
    await storage(fs.rename(layout.part(piece.id), target));
  }
  // Also when nothing was moved: whoever moved it may have died before syncing.
  await syncFolder(folder);
  await syncFolder(layout.parts);
}

/** What lies beyond the size is from writes that broke off, and must not become part of the whole. */
function cut(parts: PartFiles, { id, size }: Piece): Promise<void> {
  return parts.use(id, async (handle, part) => {
    const found = (await handle.stat()).size;
    if (found < size) throw new NotFound(`The part has ${found} bytes instead of ${size}.`);
    if (found > size) await handle.truncate(size);
    await part.sync();
  });
}
