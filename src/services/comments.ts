import { NotFound, TooLarge } from '../errors';
import type { CommentRecord, ContentPage, ContentStore } from '../models/content';
import type { SqlStore } from '../models/sql';
import { findAuthors, type Authors } from './authors';
import type { ContentEvents } from './content-events';
import type { Documents } from './documents';
import { requireVersion, untilDone, type ExpectedVersions } from './edit-loop';
import { newId } from './ids';
import { RENDERER, type Markdown } from './markdown';
import { findMentioned } from './mentions';
import { PAGE_BYTES } from './page-bytes';
import type { Clock } from './runtime';
import type { Principal } from './tokens';

export interface NewComment {
  body: string;
  parentId?: string | null | undefined;
}

/** A comment with its author. */
export interface CommentView {
  comment: CommentRecord;
  authors: Authors;
}

interface CommentsOptions {
  sql: SqlStore;
  content: ContentStore;
  documents: Documents;
  markdown: Markdown;
  events: ContentEvents;
  /** Bytes of Markdown. */
  maxBytes: number;
  now: Clock;
}

/** Comments on documents and on each other. Who may read the document may read them, and, signed in, write them. */
export class Comments {
  constructor(private readonly options: CommentsOptions) {}

  /**
   * @param id of the comment, so that the same request repeated finds what it made before
   * @throws `NotFound` when there is no such document or parent to see, `TooLarge`
   */
  async create(authorId: string, documentId: string, input: NewComment, id = newId()): Promise<CommentView> {
    const { content, documents, markdown, events, now } = this.options;
    await documents.find(authorId, documentId);
    const made = await content.comments.find(id);
    if (made) return this.viewOf(made);
    this.requireLength(input.body);
    const at = now();
    const comment: CommentRecord = {
      id,
      documentId,
      parentId: input.parentId ?? null,
      authorId,
      body: input.body,
      ...(await markdown.render(input.body)),
      version: 1,
      replyCount: 0,
      createdAt: at,
      updatedAt: at,
      deletedAt: null,
    };
    await content.comments.insert(comment);
    await events.comment('created', comment);
    await this.tellMentioned('created', comment, '');
    return this.viewOf(comment);
  }

  /** Of a document, or of a thread in it, oldest first. @throws `NotFound` */
  async list(
    viewerId: string | null,
    documentId: string,
    { parentId, ...page }: { parentId: string | null; limit: number; after: string | null },
  ): Promise<ContentPage<CommentView>> {
    const { content, documents } = this.options;
    await documents.find(viewerId, documentId);
    if (parentId !== null) {
      const parent = await content.comments.find(parentId);
      if (parent?.documentId !== documentId) throw new NotFound();
    }
    const size = { ...page, bytes: PAGE_BYTES };
    const { items, next } = await content.comments.list(documentId, parentId, size);
    return { items: await this.viewsOf(items), next };
  }

  /** @throws `NotFound` */
  async get(viewerId: string | null, id: string): Promise<CommentView> {
    const comment = await this.options.content.comments.find(id);
    if (!comment) throw new NotFound();
    await this.options.documents.find(viewerId, comment.documentId);
    return this.viewOf(comment);
  }

  /** @throws `NotFound` unless the user is the author, `PreconditionFailed`, `TooLarge` */
  async update(authorId: string, id: string, body: string, expected: ExpectedVersions): Promise<CommentView> {
    const { content, markdown, events, now } = this.options;
    this.requireLength(body);
    const { before, after } = await untilDone(async () => {
      const found = await this.findOwn(authorId, id);
      requireVersion(expected, found);
      if (found.body === body) return { before: found, after: found };
      const change = { body, ...(await markdown.render(body)), updatedAt: now() };
      const written = await content.comments.update(id, found.version, change);
      return written && { before: found, after: written };
    });
    if (after !== before) {
      await events.comment('updated', after);
      await this.tellMentioned('updated', after, before.body);
    }
    return this.viewOf(after);
  }

  /** One with replies stays without its body. An admin may do it, too. @throws as `update` */
  async delete(principal: Principal, id: string, expected: ExpectedVersions): Promise<void> {
    const { content, events, now } = this.options;
    const comment = await untilDone(async () => {
      const found = await this.findChangeable(principal, id);
      requireVersion(expected, found);
      return (await content.comments.delete(id, found.version, now())) ? found : null;
    });
    await events.comment('deleted', comment);
  }

  /** Whom the comment mentions, and did not mention before, and who may read the document. */
  private async tellMentioned(
    change: 'created' | 'updated',
    comment: CommentRecord,
    before: string,
  ): Promise<void> {
    const { sql, documents, events } = this.options;
    const [known, mentioned] = await Promise.all([
      findMentioned(sql, before),
      findMentioned(sql, comment.body),
    ]);
    const others = mentioned.filter((userId) => userId !== comment.authorId && !known.includes(userId));
    const readers: string[] = [];
    for (const userId of others)
      if (await documents.isReader(userId, comment.documentId)) readers.push(userId);
    await events.mention(change, comment, readers);
  }

  private async findOwn(authorId: string, id: string): Promise<CommentRecord> {
    const comment = await this.options.content.comments.find(id);
    if (comment?.authorId !== authorId || comment.deletedAt) throw new NotFound();
    await this.options.documents.find(authorId, comment.documentId);
    return comment;
  }

  private async findChangeable({ userId, roles }: Principal, id: string): Promise<CommentRecord> {
    if (!roles.includes('admin')) return this.findOwn(userId, id);
    const comment = await this.options.content.comments.find(id);
    if (!comment || comment.deletedAt) throw new NotFound();
    return comment;
  }

  private async viewOf(comment: CommentRecord): Promise<CommentView> {
    const [view] = await this.viewsOf([comment]);
    if (!view) throw new NotFound();
    return view;
  }

  private async viewsOf(comments: CommentRecord[]): Promise<CommentView[]> {
    const [authors, rendered] = await Promise.all([
      findAuthors(this.options.sql, comments),
      Promise.all(comments.map((comment) => this.rendered(comment))),
    ]);
    return rendered.map((comment) => ({ comment, authors }));
  }

  /** What another renderer made is made anew, once. */
  private async rendered(comment: CommentRecord): Promise<CommentRecord> {
    if (comment.renderer === RENDERER || comment.deletedAt) return comment;
    const rendering = await this.options.markdown.render(comment.body);
    await this.options.content.comments.keepRendering(comment.id, comment.version, rendering);
    return { ...comment, ...rendering };
  }

  private requireLength(body: string): void {
    const { maxBytes } = this.options;
    if (Buffer.byteLength(body) > maxBytes)
      throw new TooLarge(`A comment may have at most ${maxBytes} bytes.`);
  }
}
