import type { DocumentRecord, Documents, DocumentSummary, VersionRecord, VersionSummary } from '..';
import { bytesOf, readPage } from '../reading';
import { searchTerms } from '../terms';
import { isDuplicate } from './connection';
import type { Collections, StoredDocument } from './schemas';
import { newestIn, searchFor } from './search';

/** What belongs to the store alone is not read. */
const SHOWN = { terms: 0, pending: 0, pendingAt: 0, purging: 0 };
/** Documents that the server sends at once while somebody counts their bytes. */
const AT_ONCE = 10;

export function mongoDocuments(collections: Collections): Documents {
  const reader = readerOf(collections);
  return {
    find: reader.find,
    ...lookups(collections, reader),
    ...edits(collections, reader),
    ...trash(collections, reader),
    ...versionsOf(collections),
  };
}

type Reader = ReturnType<typeof readerOf>;
type Lookups = Pick<Documents, 'summaries' | 'list'>;
type Edits = Pick<Documents, 'insert' | 'update' | 'keepRendering'>;
type Trash = Pick<Documents, 'trash' | 'untrash' | 'listTrash' | 'listTrashedBefore' | 'purge'>;
type Versions = Pick<Documents, 'listVersions' | 'findVersion'>;

function readerOf({ documents }: Collections) {
  async function readMany(ids: string[], bytes: number) {
    const read: DocumentRecord[] = [];
    if (ids.length === 0) return { documents: read, last: null };
    const found = documents
      .find({ _id: { $in: ids } }, SHOWN)
      .sort({ _id: -1 })
      .lean<StoredDocument>();
    let left = bytes;
    for await (const stored of found.cursor({ batchSize: AT_ONCE })) {
      read.push(documentOf(stored));
      left -= bytesOf(stored);
      if (left <= 0) return { documents: read, last: stored._id };
    }
    return { documents: read, last: ids.at(-1) ?? null };
  }

  async function find(id: string): Promise<DocumentRecord | null> {
    const found = await documents.findOne({ _id: id, purging: false }, SHOWN).lean<StoredDocument>();
    return found && documentOf(found);
  }

  return { readMany, find };
}

function lookups({ documents }: Collections, { readMany }: Reader): Lookups {
  return {
    async summaries(ids) {
      const fields = { authorId: 1, title: 1, visibility: 1, attachments: 1, version: 1, deletedAt: 1 };
      const found = await documents
        .find({ _id: { $in: ids }, purging: false }, fields)
        .lean<StoredDocument[]>();
      return found.map(
        ({ _id, authorId, title, visibility, attachments, version, deletedAt }): DocumentSummary => {
          return { id: _id, authorId, title, visibility, attachments, version, deletedAt };
        },
      );
    },

    async list(query) {
      const search = await searchFor(documents, query);
      if (!search) return { items: [], next: null };
      return readPage(query, {
        window: search.window,
        find: (scope, part) => newestIn(documents, scope, search.filters, part),
        read: readMany,
      });
    },
  };
}

function edits({ documents, versions }: Collections, { find }: Reader): Edits {
  /** Before the next version replaces it. What is written twice is the same. */
  async function keepVersion(document: DocumentRecord): Promise<void> {
    const _id = versionId(document.id, document.version);
    try {
      await versions.create([{ _id, documentId: document.id, ...versionRecordOf(document) }]);
    } catch (error) {
      if (!isDuplicate(error)) throw error;
    }
  }

  return {
    async insert({ id, ...document }) {
      const terms = [...searchTerms(document)];
      await documents.create([{ _id: id, ...document, terms, purging: false, pending: [], pendingAt: null }]);
    },

    async update(id, version, change, keep) {
      const before = await find(id);
      if (before?.version !== version) return null;
      await keepVersion(before);
      const values = { ...change, version: version + 1, terms: [...searchTerms(change)] };
      const after = await documents
        .findOneAndUpdate(
          { _id: id, version, deletedAt: null },
          { $set: values },
          { returnDocument: 'after' },
        )
        .lean<StoredDocument>();
      if (!after) return null;
      await versions.deleteMany({ documentId: id, version: { $lte: version - keep } });
      return documentOf(after);
    },

    async keepRendering(id, version, { html, renderer }) {
      await documents.updateOne({ _id: id, version }, { $set: { html, renderer } });
    },
  };
}

function trash({ documents, versions, comments }: Collections, { readMany }: Reader): Trash {
  return {
    async listTrash(authorId, { limit, before, bytes }) {
      const below = before === null ? {} : { _id: { $lt: before } };
      const trashed = { deletedAt: { $gte: new Date(0) }, purging: false };
      const visibility = { $in: ['private', 'public'] as const };
      const found = await documents
        .find({ authorId, visibility, ...trashed, ...below }, { _id: 1 })
        .sort({ _id: -1 })
        .limit(limit + 1)
        .lean<{ _id: string }[]>();
      const ids = found.map(({ _id }) => _id);
      const { documents: read, last } = await readMany(ids.slice(0, limit), bytes);
      const items = read.filter(({ deletedAt }) => deletedAt !== null);
      return { items, next: last === (ids.at(-1) ?? null) ? null : last };
    },

    async trash(id, version, at) {
      const filter = { _id: id, version, deletedAt: null };
      return (await documents.updateOne(filter, { $set: { deletedAt: at } })).matchedCount > 0;
    },

    async untrash(id) {
      const filter = { _id: id, deletedAt: { $ne: null }, purging: false };
      return (await documents.updateOne(filter, { $set: { deletedAt: null } })).matchedCount > 0;
    },

    async listTrashedBefore(before, limit) {
      const found = await documents
        .find({ deletedAt: { $lt: before } }, { _id: 1 })
        .sort({ deletedAt: 1 })
        .limit(limit)
        .lean<{ _id: string }[]>();
      return found.map(({ _id }) => _id);
    },

    async purge(id, before) {
      // From here on it cannot be restored, and a crash leaves it in the list of what is to be purged.
      const marked = { $set: { purging: true } };
      const { matchedCount } = await documents.updateOne({ _id: id, deletedAt: { $lt: before } }, marked);
      if (matchedCount === 0) return false;
      await comments.deleteMany({ documentId: id });
      await versions.deleteMany({ documentId: id });
      await documents.deleteOne({ _id: id, purging: true });
      return true;
    },
  };
}

function versionsOf({ versions }: Collections): Versions {
  return {
    async listVersions(id, { limit, before }) {
      const found = await versions
        .find(
          { documentId: id, version: { $lt: before } },
          { _id: 0, version: 1, editorId: 1, changes: 1, updatedAt: 1, title: 1, visibility: 1 },
        )
        .sort({ version: -1 })
        .limit(limit)
        .lean<VersionSummary[]>();
      return found;
    },

    async findVersion(id, version) {
      return versions
        .findOne({ _id: versionId(id, version) }, { _id: 0, documentId: 0 })
        .lean<VersionRecord>();
    },
  };
}

function versionId(id: string, version: number): string {
  return `${id}:${version}`;
}

function versionRecordOf(document: DocumentRecord): VersionRecord {
  const { version, title, body, tags, attachments, visibility, editorId, changes, updatedAt } = document;
  return { version, title, body, tags, attachments, visibility, editorId, changes, updatedAt };
}

function documentOf(stored: StoredDocument): DocumentRecord {
  const { _id, authorId, title, body, tags, attachments, visibility, version, editorId, changes } = stored;
  const { html, renderer, commentCount, createdAt, updatedAt, deletedAt } = stored;
  return {
    ...{ id: _id, authorId, title, body, tags, attachments, visibility, version, editorId, changes },
    ...{ html, renderer, commentCount, createdAt, updatedAt, deletedAt },
  };
}
