import type { Dirent } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import type { StoredItem } from '../index';
import { isPartId, isSha256, type Layout } from './layout';
import { unlessMissing } from './system';

/** Entries one by one; a folder that vanishes meanwhile has none. */
async function* entriesOf(folder: string): AsyncGenerator<Dirent> {
  const opened = await unlessMissing(fs.opendir(folder), null);
  if (opened) yield* opened;
}

async function* itemsOf(folder: string, isItem: (name: string) => boolean): AsyncGenerator<StoredItem> {
  for await (const { name } of entriesOf(folder)) {
    if (!isItem(name)) continue;
    const found = await unlessMissing(fs.stat(path.join(folder, name)), null);
    if (found?.isFile()) yield { id: name, modifiedAt: found.mtime };
  }
}

/** Files that are not parts are passed over. */
export function listParts(layout: Layout): AsyncGenerator<StoredItem> {
  return itemsOf(layout.parts, isPartId);
}

/** Files that are not blobs, or do not lie where their name belongs, are passed over. */
export async function* listBlobs(layout: Layout): AsyncGenerator<StoredItem> {
  for await (const first of entriesOf(layout.blobs)) {
    if (!first.isDirectory()) continue;
    for await (const second of entriesOf(path.join(layout.blobs, first.name))) {
      if (!second.isDirectory()) continue;
      const prefix = first.name + second.name;
      const folder = path.join(layout.blobs, first.name, second.name);
      yield* itemsOf(folder, (name) => isSha256(name) && prefix.length === 4 && name.startsWith(prefix));
    }
  }
}
