import type { StoredItem } from '../index';
import type { Bucket } from './bucket';
import { keys, partOf, wholeOf } from './keys';

/** What is seen of a part while its keys go by. */
interface Seen {
  id: string;
  modifiedAt: Date;
  /** The part that this one says to be a piece of. */
  whole: string | null;
}

/** Parts, also what crashes left of some; pieces of a part that is there are none. */
export async function* listParts(bucket: Bucket): AsyncGenerator<StoredItem> {
  for await (const { id, modifiedAt, whole } of seenParts(bucket)) {
    const isPiece = whole !== null && (await bucket.sizeOf(keys.marker(whole))) !== null;
    if (!isPiece) yield { id, modifiedAt };
  }
}

/** The objects of one part are beside each other. */
async function* seenParts(bucket: Bucket): AsyncGenerator<Seen> {
  let seen = null as Seen | null;
  for await (const { key, modifiedAt } of bucket.list(keys.parts)) {
    const id = partOf(key);
    if (id === null) continue;
    if (seen?.id !== id) {
      if (seen) yield seen;
      seen = { id, modifiedAt, whole: null };
    }
    if (modifiedAt > seen.modifiedAt) seen.modifiedAt = modifiedAt;
    seen.whole ??= wholeOf(key);
  }
  if (seen) yield seen;
}
