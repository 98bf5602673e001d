import { Conflict, NotFound } from '../errors';
import type { ContentStore, DocumentSummary } from '../models/content';
import type { AttachmentRecord, FileRecord, SqlStore } from '../models/sql';
import type { Clock } from './runtime';

/** So long a version whose files are noted may be on its way; later it is taken for dead. */
const ON_ITS_WAY_MS = 60 * 60 * 1000;

interface AttachmentsOptions {
  sql: SqlStore;
  content: ContentStore;
  now: Clock;
}

/**
 * Files of documents. Files and documents may lie in different stores, so there is no transaction over both. What a
 * version is going to use is noted with the files before the version is written, and the notes of versions before it go
 * after that: a crash in between leaves notes too many, never too few. So a note alone does not tell that a file
 * is used; the document does.
 */
export class Attachments {
  constructor(private readonly options: AttachmentsOptions) {}

  /**
   * Notes what a version is going to use.
   * @throws `NotFound` unless all are files of the author, `Conflict` when one goes at this moment
   */
  async note(authorId: string, documentId: string, version: number, fileIds: string[]): Promise<void> {
    if (fileIds.length === 0) return;
    const { sql, now } = this.options;
    const files = await sql.files.findMany(fileIds);
    const own = new Set(files.filter(({ ownerId }) => ownerId === authorId).map(({ id }) => id));
    const missing = fileIds.find((id) => !own.has(id));
    if (missing !== undefined) throw new NotFound(`There is no file ${missing} of yours to attach.`);
    await sql.attachments.add(documentId, version, fileIds, now());
  }

  /** The version is written: what was noted of those before it counts no more. */
  async settle(documentId: string, version: number): Promise<void> {
    await this.options.sql.attachments.removeBefore(documentId, version);
  }

  /** The document is gone. */
  async forget(documentId: string): Promise<void> {
    await this.options.sql.attachments.removeAllOf(documentId);
  }

  /** The files of documents, in one query. Those that are gone are left out. */
  async filesOf(documents: { attachments: string[] }[]): Promise<Map<string, FileRecord>> {
    const ids = [...new Set(documents.flatMap(({ attachments }) => attachments))];
    const files = ids.length === 0 ? [] : await this.options.sql.files.findMany(ids);
    return new Map(files.map((file) => [file.id, file]));
  }

  /** Whether anybody may read the file because a document that everybody may read has it. */
  async isPublished(fileId: string): Promise<boolean> {
    const uses = await this.options.sql.attachments.listOf(fileId);
    if (uses.length === 0) return false;
    const documents = await this.options.content.documents.summaries(idsOf(uses));
    return documents.some(
      ({ deletedAt, visibility, attachments }) =>
        deletedAt === null && visibility === 'public' && attachments.includes(fileId),
    );
  }

  /**
   * Lets a file go that no document uses, by removing what notes are left of it.
   * @throws `Conflict` naming the documents that use it, also those in the trash
   */
  async release(fileId: string): Promise<void> {
    const { sql, content } = this.options;
    const uses = await sql.attachments.listOf(fileId);
    if (uses.length === 0) return;
    const documents = new Map((await content.documents.summaries(idsOf(uses))).map((one) => [one.id, one]));
    const using = [...documents.values()].filter(({ attachments }) => attachments.includes(fileId));
    if (using.length > 0) throw inUse(using);
    for (const use of uses) {
      if (this.isOnItsWay(use, documents.get(use.documentId))) {
        throw new Conflict('A document is being written that uses this file. Try again in a moment.', {
          headers: { 'Retry-After': '2' },
        });
      }
      await sql.attachments.remove(use);
    }
  }

  /** Whether the version that the note is for may still be written. */
  private isOnItsWay(
    { version, attachedAt }: AttachmentRecord,
    document: DocumentSummary | undefined,
  ): boolean {
    if (document && document.version >= version) return false;
    return this.options.now().getTime() - attachedAt.getTime() < ON_ITS_WAY_MS;
  }
}

function idsOf(uses: AttachmentRecord[]): string[] {
  return [...new Set(uses.map(({ documentId }) => documentId))];
}

function inUse(documents: DocumentSummary[]): Conflict {
  const named = documents
    .slice(0, 10)
    .map(({ id, title, deletedAt }) => ({ id, title, trashed: deletedAt !== null }));
  const titles = named.map(({ title, trashed }) => (trashed ? `${title} (in the trash)` : title));
  return new Conflict(`Documents use this file: ${titles.join(', ')}.`, { members: { documents: named } });
}
