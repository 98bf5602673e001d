import { Conflict, NotFound, TooLarge } from '../errors';
import type {
  ContentPage,
  ContentStore,
  DocumentContent,
  DocumentField,
  DocumentQuery,
  DocumentRecord,
  DocumentSummary,
  VersionRecord,
  VersionSummary,
} from '../models/content';
import type { FileRecord, SqlStore } from '../models/sql';
import type { Attachments } from './attachments';
import { findAuthors, type Authors } from './authors';
import type { ContentEvents } from './content-events';
import { requireVersion, untilDone, type ExpectedVersions } from './edit-loop';
import type { DocumentView, DocumentViews } from './document-views';
import { newId } from './ids';
import { RENDERER, type Markdown } from './markdown';
import { PAGE_BYTES } from './page-bytes';
import type { Clock } from './runtime';
import type { Principal } from './tokens';

export interface NewDocument extends Pick<DocumentContent, 'title' | 'body'> {
  tags?: string[] | undefined;
  attachments?: string[] | undefined;
  visibility?: DocumentContent['visibility'] | undefined;
}

export type DocumentPatch = { [K in keyof DocumentContent]?: DocumentContent[K] | undefined };

export interface VersionView {
  version: VersionRecord;
  authors: Authors;
  files: Map<string, FileRecord>;
}

export interface DocumentLimits {
  /** Bytes of Markdown. */
  maxBodyBytes: number;
  /** Old versions of each document. */
  maxVersions: number;
}

interface DocumentsOptions {
  sql: SqlStore;
  content: ContentStore;
  attachments: Attachments;
  views: DocumentViews;
  markdown: Markdown;
  events: ContentEvents;
  limits: DocumentLimits;
  now: Clock;
}

const FIELDS: readonly DocumentField[] = ['title', 'body', 'tags', 'attachments', 'visibility'];

/** Documents: written, edited, found, restored. A viewer is a user's id, or null for anybody. */
export class Documents {
  constructor(private readonly options: DocumentsOptions) {}

  /**
   * @param id of the document, so that the same request repeated finds what it made before
   * @throws `TooLarge`, `NotFound` for attachments that are no files of the author
   */
  async create(authorId: string, input: NewDocument, id = newId()): Promise<DocumentView> {
    const { content, attachments, views, markdown, events, now } = this.options;
    const made = await content.documents.find(id);
    if (made) return views.of(made);
    this.requireLength(input.body);
    const at = now();
    const written: DocumentContent = {
      title: input.title,
      body: input.body,
      tags: unique(input.tags ?? []),
      attachments: unique(input.attachments ?? []),
      visibility: input.visibility ?? 'private',
    };
    const document: DocumentRecord = {
      id,
      authorId,
      ...written,
      ...(await markdown.render(written.body)),
      version: 1,
      editorId: authorId,
      changes: [...FIELDS],
      commentCount: 0,
      createdAt: at,
      updatedAt: at,
      deletedAt: null,
    };
    await attachments.note(authorId, id, 1, document.attachments);
    await content.documents.insert(document);
    await events.document('created', document);
    return views.of(document);
  }

  /** @throws `NotFound` also for what the viewer may not read, and for what is in the trash */
  async get(viewerId: string | null, id: string): Promise<DocumentView> {
    return this.options.views.of(await this.find(viewerId, id));
  }

  /** The document itself. @throws `NotFound` as `get` */
  async find(viewerId: string | null, id: string): Promise<DocumentRecord> {
    const document = await this.options.content.documents.find(id);
    if (!document || document.deletedAt || !isReadable(document, viewerId)) throw new NotFound();
    return document;
  }

  /** Whether that user, or anybody, may read the document now: also who may hear of what happens to it. */
  async isReader(viewerId: string | null, id: string): Promise<boolean> {
    const [document] = await this.options.content.documents.summaries([id]);
    return document !== undefined && document.deletedAt === null && isReadable(document, viewerId);
  }

  /** Who may read each of these documents now; those that nobody may are left out. */
  async readersOf(ids: string[]): Promise<Map<string, (viewerId: string | null) => boolean>> {
    const summaries = await this.options.content.documents.summaries(ids);
    const shown = summaries.filter(({ deletedAt }) => deletedAt === null);
    return new Map(shown.map((one) => [one.id, (viewerId) => isReadable(one, viewerId)]));
  }

  /** Newest first: what is public, and what is the viewer's own. */
  async list(query: Omit<DocumentQuery, 'bytes'>): Promise<ContentPage<DocumentView>> {
    const { content, views } = this.options;
    const { items, next } = await content.documents.list({ ...query, bytes: PAGE_BYTES });
    return { items: await views.ofMany(items), next };
  }

  /**
   * Changes what the patch has, also when others change something else meanwhile: without expected versions the last
   * writer of a field wins. A patch that changes nothing makes no version.
   * @throws `NotFound` unless the user is the author, `PreconditionFailed`, `TooLarge`
   */
  async update(
    authorId: string,
    id: string,
    patch: DocumentPatch,
    expected: ExpectedVersions,
  ): Promise<DocumentView> {
    if (patch.body !== undefined) this.requireLength(patch.body);
    return this.options.views.of(await this.edit(authorId, id, expected, () => Promise.resolve(patch)));
  }

  /** Into the trash, from where it can be restored for a while. An admin may do it, too. @throws as `update` */
  async trash(principal: Principal, id: string, expected: ExpectedVersions): Promise<void> {
    const { content, events, now } = this.options;
    const document = await untilDone(async () => {
      const found = await this.findChangeable(principal, id);
      requireVersion(expected, found);
      return (await content.documents.trash(id, found.version, now())) ? found : null;
    });
    await events.document('deleted', document);
  }

  /** What it was and is, newest first: as many as are kept. @throws `NotFound` unless the user is the author */
  async listVersions(
    authorId: string,
    id: string,
    { limit, before }: { limit: number; before: number | null },
  ): Promise<{ versions: VersionSummary[]; authors: Authors }> {
    const { content, sql } = this.options;
    const current = await this.findOwn(authorId, id);
    const last = Math.min(before ?? Infinity, current.version);
    const old = await content.documents.listVersions(id, { limit, before: last });
    const versions = before === null || before > current.version ? [current, ...old].slice(0, limit) : old;
    const authors = await findAuthors(
      sql,
      versions.map(({ editorId }) => ({ authorId: editorId })),
    );
    return { versions, authors };
  }

  /** @throws `NotFound` unless the user is the author and the version is kept */
  async getVersion(authorId: string, id: string, number: number): Promise<VersionView> {
    const version = await this.findVersion(authorId, id, number);
    const { sql, attachments } = this.options;
    return {
      version,
      authors: await findAuthors(sql, [{ authorId: version.editorId }]),
      files: await attachments.filesOf([version]),
    };
  }

  /**
   * Makes what an old version said a new one. Who may read it stays as it is now, and files that are gone stay gone.
   * @throws as `getVersion` and `update`
   */
  async restoreVersion(
    authorId: string,
    id: string,
    number: number,
    expected: ExpectedVersions,
  ): Promise<DocumentView> {
    const { title, body, tags, attachments } = await this.findVersion(authorId, id, number);
    const document = await this.edit(authorId, id, expected, async () => {
      const files = await this.options.attachments.filesOf([{ attachments }]);
      return { title, body, tags, attachments: attachments.filter((fileId) => files.has(fileId)) };
    });
    return this.options.views.of(document);
  }

  private async edit(
    authorId: string,
    id: string,
    expected: ExpectedVersions,
    patchOf: () => Promise<DocumentPatch>,
  ): Promise<DocumentRecord> {
    const { content, attachments, events, limits, now } = this.options;
    const { before, after } = await untilDone(async () => {
      const found = await this.findOwn(authorId, id);
      requireVersion(expected, found);
      const next = patched(found, await patchOf());
      const changes = FIELDS.filter((field) => !isEqual(found[field], next[field]));
      if (changes.length === 0) return { before: found, after: found };
      const version = found.version + 1;
      const attaching = changes.includes('attachments');
      if (attaching && !(await this.note(authorId, id, version, next.attachments))) return null;
      const rendering = await this.renderingOf(found, next);
      const change = { ...next, ...rendering, editorId: authorId, changes, updatedAt: now() };
      const written = await content.documents.update(id, found.version, change, limits.maxVersions);
      if (written && attaching) await attachments.settle(id, version);
      return written && { before: found, after: written };
    });
    if (after !== before) await events.edited(before, after);
    return after;
  }

  /** @returns whether nobody else noted the same at this moment, or deleted one of the files */
  private async note(authorId: string, id: string, version: number, fileIds: string[]): Promise<boolean> {
    try {
      await this.options.attachments.note(authorId, id, version, fileIds);
      return true;
    } catch (error) {
      if (error instanceof Conflict) return false;
      throw error;
    }
  }

  private renderingOf(before: DocumentRecord, { body }: DocumentContent) {
    const { html, renderer } = before;
    return body === before.body && renderer === RENDERER
      ? { html, renderer }
      : this.options.markdown.render(body);
  }

  private async findVersion(authorId: string, id: string, number: number): Promise<VersionRecord> {
    const current = await this.findOwn(authorId, id);
    const version =
      number === current.version ? current : await this.options.content.documents.findVersion(id, number);
    if (!version) throw new NotFound('There is no such version, or it is not kept any more.');
    return version;
  }

  private async findOwn(authorId: string, id: string): Promise<DocumentRecord> {
    const document = await this.find(authorId, id);
    if (document.authorId !== authorId) throw new NotFound();
    return document;
  }

  private async findChangeable({ userId, roles }: Principal, id: string): Promise<DocumentRecord> {
    if (!roles.includes('admin')) return this.findOwn(userId, id);
    const document = await this.options.content.documents.find(id);
    if (!document || document.deletedAt) throw new NotFound();
    return document;
  }

  private requireLength(body: string): void {
    const { maxBodyBytes } = this.options.limits;
    if (Buffer.byteLength(body) > maxBodyBytes) {
      throw new TooLarge(`The body of a document may have at most ${maxBodyBytes} bytes.`);
    }
  }
}

function isReadable({ visibility, authorId }: DocumentSummary, viewerId: string | null): boolean {
  return visibility === 'public' || authorId === viewerId;
}

function patched(document: DocumentRecord, patch: DocumentPatch): DocumentContent {
  return {
    title: patch.title ?? document.title,
    body: patch.body ?? document.body,
    tags: patch.tags ? unique(patch.tags) : document.tags,
    attachments: patch.attachments ? unique(patch.attachments) : document.attachments,
    visibility: patch.visibility ?? document.visibility,
  };
}

function isEqual(a: string | string[], b: string | string[]): boolean {
  return typeof a === 'string' || typeof b === 'string'
    ? a === b
    : a.length === b.length && a.every((item, index) => item === b[index]);
}

function unique(items: string[]): string[] {
  return [...new Set(items)];
}
