import type { CommentRecord, Comments, ContentStore } from '..';
import { NotFound } from '../../../errors';
import { Counts, newEntry, readEntry, type Entry } from './counts';
import { bytesOf } from '../reading';
import { isDuplicate } from './connection';
import type { Collections, StoredComment, StoredDocument } from './schemas';

/** What belongs to the store alone is not read. */
const SHOWN = { pending: 0, pendingAt: 0, creation: 0, deletion: 0, gone: 0 };
const BATCH = 100;
/** Comments that the server sends at once while somebody counts their bytes. */
const AT_ONCE = 50;
/** A comment that nobody sees any more is kept so long, so that unsettled counts can find out about it. */
const KEEP_GONE_MS = 24 * 60 * 60 * 1000;

interface Counters {
  commentCounts: Counts<'commentCount', StoredDocument>;
  replyCounts: Counts<'replyCount', StoredComment>;
  /** Takes a comment that is deleted and has no replies out of its thread, and then perhaps the one above. */
  fade: (id: string) => Promise<void>;
}

export function mongoComments(collections: Collections): Comments & Pick<ContentStore, 'repair'> {
  const counters = countersOf(collections);
  return {
    ...reading(collections),
    ...threading(collections, counters),
    repair: (before) => repair(collections, counters, before),
  };
}

function countersOf({ documents, comments }: Collections): Counters {
  const commentCounts = new Counts(documents, 'commentCount');
  const replyCounts = new Counts(comments, 'replyCount');

  async function fade(id: string): Promise<void> {
    const faded = await comments.findOne({ _id: id }, { parentId: 1 }).lean<StoredComment>();
    if (!faded) return;
    const { parentId } = faded;
    const { entry, attempt } = newEntry('-', id);
    if (parentId !== null) await replyCounts.begin(parentId, entry);
    const { matchedCount } = await comments.updateOne(
      { _id: id, deletedAt: { $ne: null }, gone: null, replyCount: 0, pending: { $size: 0 } },
      { $set: { gone: attempt } },
    );
    if (parentId === null) return;
    await replyCounts.settle(parentId, entry, matchedCount > 0);
    // Also when nothing happened: while the entry was there, the one above could not fade.
    await fadeIfDeleted(parentId);
  }

  async function fadeIfDeleted(id: string): Promise<void> {
    const ready = { _id: id, deletedAt: { $ne: null }, gone: null, replyCount: 0, pending: { $size: 0 } };
    if (await comments.exists(ready)) await fade(id);
  }

  return { commentCounts, replyCounts, fade };
}

function threading(
  { comments }: Collections,
  { commentCounts, replyCounts, fade }: Counters,
): Pick<Comments, 'insert' | 'delete'> {
  return {
    async insert({ id, ...values }) {
      const { documentId, parentId } = values;
      const { entry, attempt } = newEntry('+', id);
      if (!(await commentCounts.begin(documentId, entry, { deletedAt: null }))) throw new NotFound();
      const settle = async (done: boolean) => {
        await commentCounts.settle(documentId, entry, done);
        if (parentId !== null) await replyCounts.settle(parentId, entry, done);
      };
      const alive = { documentId, deletedAt: null };
      if (parentId !== null && !(await replyCounts.begin(parentId, entry, alive))) {
        await settle(false);
        throw new NotFound('There is no such comment to reply to.');
      }
      const own = { creation: attempt, deletion: null, gone: null, pending: [], pendingAt: null };
      try {
        await comments.create([{ _id: id, ...values, ...own }]);
      } catch (error) {
        // Of other errors nobody knows whether the comment is there: see `repair`.
        if (isDuplicate(error)) await settle(false);
        throw error;
      }
      await settle(true);
    },

    async delete(id, version, at) {
      const found = await comments.findOne({ _id: id, version, deletedAt: null }).lean<StoredComment>();
      if (!found) return false;
      const { entry, attempt } = newEntry('-', id);
      await commentCounts.begin(found.documentId, entry);
      const { matchedCount } = await comments.updateOne(
        { _id: id, version, deletedAt: null },
        { $set: { body: '', html: '', version: version + 1, deletedAt: at, deletion: attempt } },
      );
      await commentCounts.settle(found.documentId, entry, matchedCount > 0);
      if (matchedCount === 0) return false;
      await fade(id);
      return true;
    },
  };
}

function reading({ comments }: Collections): Omit<Comments, 'insert' | 'delete'> {
  return {
    async find(id) {
      const found = await comments.findOne({ _id: id, gone: null }, SHOWN).lean<StoredComment>();
      return found && commentOf(found);
    },

    async list(documentId, parentId, { limit, after, bytes }) {
      const filter = { documentId, parentId, gone: null, ...(after !== null && { _id: { $gt: after } }) };
      const found = comments
        .find(filter, SHOWN)
        .sort({ _id: 1 })
        .limit(limit + 1)
        .lean<StoredComment>();
      const items: CommentRecord[] = [];
      let left = bytes;
      for await (const stored of found.cursor({ batchSize: AT_ONCE })) {
        if (items.length >= limit || left <= 0) return { items, next: items.at(-1)?.id ?? null };
        items.push(commentOf(stored));
        left -= bytesOf(stored);
      }
      return { items, next: null };
    },

    async update(id, version, change) {
      const after = await comments
        .findOneAndUpdate(
          { _id: id, version, deletedAt: null },
          { $set: { ...change, version: version + 1 } },
          { returnDocument: 'after' },
        )
        .lean<StoredComment>();
      return after && commentOf(after);
    },

    async keepRendering(id, version, { html, renderer }) {
      await comments.updateOne({ _id: id, version, deletedAt: null }, { $set: { html, renderer } });
    },
  };
}

async function repair(
  { comments }: Collections,
  { commentCounts, replyCounts, fade }: Counters,
  before: Date,
): Promise<number> {
  /** Whether what an entry announces has happened. */
  async function happened(entry: string): Promise<boolean> {
    const { id, attempt } = readEntry(entry);
    const signed = { creation: 1, deletion: 1, gone: 1 };
    const comment = await comments.findOne({ _id: id }, signed).lean<StoredComment>();
    return comment !== null && [comment.creation, comment.deletion, comment.gone].includes(attempt);
  }

  /** @returns how many entries were settled */
  async function settleAll(counts: Pick<Counters['replyCounts'], 'unsettled' | 'settle'>): Promise<number> {
    let settled = 0;
    for (const { _id, pending, pendingAt } of await counts.unsettled(BATCH)) {
      for (const entry of pending) {
        const done = await happened(entry);
        // What has not happened may still do so, for a while.
        if (!done && pendingAt !== null && pendingAt >= before) continue;
        await counts.settle(_id, entry as Entry, done);
        settled += 1;
      }
    }
    return settled;
  }

  async function fadeLeftOver(): Promise<number> {
    const filter = { deletedAt: { $lt: before }, gone: null, replyCount: 0, pending: { $size: 0 } };
    const found = await comments.find(filter, { _id: 1 }).limit(BATCH).lean<{ _id: string }[]>();
    for (const { _id } of found) await fade(_id);
    return found.length;
  }

  const repaired = (await settleAll(commentCounts)) + (await settleAll(replyCounts)) + (await fadeLeftOver());
  const old = { gone: { $ne: null }, deletedAt: { $lt: new Date(before.getTime() - KEEP_GONE_MS) } };
  await comments.deleteMany({ ...old, pending: { $size: 0 } });
  return repaired;
}

function commentOf(stored: StoredComment): CommentRecord {
  const { _id, documentId, parentId, authorId, body, html, renderer, version, replyCount } = stored;
  const { createdAt, updatedAt, deletedAt } = stored;
  return {
    ...{ id: _id, documentId, parentId, authorId, body, html, renderer, version, replyCount },
    ...{ createdAt, updatedAt, deletedAt },
  };
}
