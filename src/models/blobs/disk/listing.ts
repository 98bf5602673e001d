import type { Dirent } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import type { StoredItem } from '../index';
import { isSha256 } from '../names';
import { partIdOf, type Layout } from './layout';
import { unlessMissing } from './system';

/** Entries one by one; a folder that vanishes meanwhile has none. */
async function* entriesOf(folder: string): AsyncGenerator<Dirent> {
  const opened = await unlessMissing(fs.opendir(folder), null);
  if (opened) yield* opened;
}

/** @param idOf tells the id of an entry; null for what is no item */
async function* itemsOf(
  folder: string,
  idOf: (entry: { name: string; isFolder: boolean }) => string | null,
): AsyncGenerator<StoredItem> {
  for await (const { name } of entriesOf(folder)) {
    const found = await unlessMissing(fs.stat(path.join(folder, name)), null);
    if (!found?.isFile() && !found?.isDirectory()) continue;
    const id = idOf({ name, isFolder: found.isDirectory() });
    if (id !== null) yield { id, modifiedAt: found.mtime };
  }
}

/** What is no part is passed over. */
export function listParts(layout: Layout): AsyncGenerator<StoredItem> {
  return itemsOf(layout.parts, partIdOf);
}

/** What is no blob, or does not lie where its name belongs, is passed over. */
export async function* listBlobs(layout: Layout): AsyncGenerator<StoredItem> {
  for await (const first of entriesOf(layout.blobs)) {
    if (!first.isDirectory()) continue;
    for await (const second of entriesOf(path.join(layout.blobs, first.name))) {
      if (!second.isDirectory()) continue;
      const prefix = first.name + second.name;
      const folder = path.join(layout.blobs, first.name, second.name);
      yield* itemsOf(folder, ({ name }) =>
        isSha256(name) && prefix.length === 4 && name.startsWith(prefix) ? name : null,
      );
    }
  }
}
