import type { Visibility } from '../sql';
import type { Store } from '../store';

/** What an author writes, and what a version keeps of it. */
export interface DocumentContent {
  title: string;
  /** Markdown. */
  body: string;
  tags: string[];
  /** Ids of files, in the author's order. */
  attachments: string[];
  visibility: Visibility;
}

export type DocumentField = keyof DocumentContent;

/** A body as HTML, kept so that reading does not render. */
export interface Rendering {
  html: string;
  /** Which renderer made it; another one makes it anew. */
  renderer: number;
}

/** Who made a version, when, and what differs from the one before; of the first one, everything does. */
export interface Edit {
  version: number;
  editorId: string;
  changes: DocumentField[];
  updatedAt: Date;
}

export interface DocumentRecord extends DocumentContent, Rendering, Edit {
  id: string;
  authorId: string;
  /** Comments that are not deleted. */
  commentCount: number;
  createdAt: Date;
  /** Since when it lies in the trash; null for one that does not. */
  deletedAt: Date | null;
}

/** What access depends on, without the text. */
export type DocumentSummary = Pick<
  DocumentRecord,
  'id' | 'authorId' | 'title' | 'visibility' | 'attachments' | 'version' | 'deletedAt'
>;

/** A version as it was. */
export type VersionRecord = DocumentContent & Edit;
/** A version in a list. */
export type VersionSummary = Edit & Pick<DocumentContent, 'title' | 'visibility'>;

/** What makes the next version of a document. */
export type DocumentChange = DocumentContent & Rendering & Omit<Edit, 'version'>;

/** How much of a list is wanted at once. */
export interface PageSize {
  /** Items, at most. */
  limit: number;
  /** Bytes of text and HTML: a page ends with the item with which it reaches so many. */
  bytes: number;
}

/** A part of a list. It may have fewer items than were asked for, even none, without being the last one. */
export interface ContentPage<T> {
  items: T[];
  /** The id after which the list goes on; null at its end. */
  next: string | null;
}

export interface DocumentQuery extends PageSize {
  /** Who asks: sees what is public and what is their own. Null for anybody. */
  viewerId: string | null;
  authorId?: string | undefined;
  /** In any case. */
  tag?: string | undefined;
  /** Words that all have to occur in the title or the body: see `terms.ts`. */
  q?: string | undefined;
  /** Only those with a smaller id. */
  before: string | null;
}

export interface Documents {
  /** @throws `Conflict` when the id is taken */
  insert(document: DocumentRecord): Promise<void>;
  /** Also one in the trash. */
  find(id: string): Promise<DocumentRecord | null>;
  /** Also of those in the trash. In no order; ids that are unknown are left out. */
  summaries(ids: string[]): Promise<DocumentSummary[]>;
  /**
   * By descending id, which is newest first, without those in the trash. However many there are, one call does a bounded
   * amount of work: a search that finds little among much gives a short page that is not the last one.
   */
  list(query: DocumentQuery): Promise<ContentPage<DocumentRecord>>;
  /** Those of an author in the trash, by descending id. */
  listTrash(
    authorId: string,
    page: PageSize & { before: string | null },
  ): Promise<ContentPage<DocumentRecord>>;
  /**
   * Compare-and-set: makes version + 1 of a document that is at `version` and not in the trash, and keeps what it
   * was as a version.
   * @param keep how many old versions stay
   * @returns the document as it is now, or null when it is not at that version any more
   */
  update(id: string, version: number, change: DocumentChange, keep: number): Promise<DocumentRecord | null>;
  /** Replaces the rendering of a version, as long as that is the current one. */
  keepRendering(id: string, version: number, rendering: Rendering): Promise<void>;
  /** Compare-and-set: puts a document that is at `version` into the trash. @returns whether it did */
  trash(id: string, version: number, at: Date): Promise<boolean>;
  /** @returns whether it was in the trash */
  untrash(id: string): Promise<boolean>;
  /** Ids of documents that have been in the trash since before. */
  listTrashedBefore(before: Date, limit: number): Promise<string[]>;
  /**
   * Removes a document that has been in the trash since before, with its versions and comments.
   * @returns whether it did
   */
  purge(id: string, before: Date): Promise<boolean>;
  /** Old versions, newest first; the current one is the document itself. */
  listVersions(id: string, page: { limit: number; before: number }): Promise<VersionSummary[]>;
  /** An old version. */
  findVersion(id: string, version: number): Promise<VersionRecord | null>;
}

export interface CommentRecord extends Rendering {
  id: string;
  documentId: string;
  /** The comment that this one replies to; null for one on the document. */
  parentId: string | null;
  authorId: string;
  /** Markdown; empty once deleted. */
  body: string;
  /** Counts edits. */
  version: number;
  /** Direct replies that are listed: also those that are deleted and have replies. */
  replyCount: number;
  createdAt: Date;
  updatedAt: Date;
  /** Only one with replies is kept after it was deleted. */
  deletedAt: Date | null;
}

export interface Comments {
  /**
   * Adds a comment without replies and counts it.
   * @throws `NotFound` when the document is missing or in the trash, or the parent is no comment of it or is deleted;
   *   `Conflict` when the id is taken
   */
  insert(comment: CommentRecord): Promise<void>;
  find(id: string): Promise<CommentRecord | null>;
  /** Replies to one comment, or comments on the document itself, by ascending id, which is oldest first. */
  list(
    documentId: string,
    parentId: string | null,
    page: PageSize & { after: string | null },
  ): Promise<ContentPage<CommentRecord>>;
  /**
   * Compare-and-set: changes a comment that is at `version` and not deleted.
   * @returns the comment as it is now, or null when it is not at that version any more
   */
  update(
    id: string,
    version: number,
    change: Rendering & Pick<CommentRecord, 'body' | 'updatedAt'>,
  ): Promise<CommentRecord | null>;
  keepRendering(id: string, version: number, rendering: Rendering): Promise<void>;
  /**
   * Compare-and-set: deletes a comment that is at `version`. One with replies stays without its body, and goes with the
   * last of them.
   * @returns whether it did
   */
  delete(id: string, version: number, at: Date): Promise<boolean>;
}

/**
 * Documents and comments.
 * Errors: `Unavailable` when the store does not answer, `OutOfSpace` when its disk is full.
 */
export interface ContentStore extends Store {
  documents: Documents;
  comments: Comments;
  /**
   * Finishes what was cut off by a crash before then. Call it now and then.
   * @returns how many changes it finished or undid
   */
  repair(before: Date): Promise<number>;
}
