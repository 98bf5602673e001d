import { randomBytes } from 'node:crypto';
import type {
  CommentRecord,
  ContentStore,
  DocumentChange,
  DocumentRecord,
} from '../../../src/models/content';

/** An empty store, and what ends it. */
export interface ContentDatabase {
  store: ContentStore;
  /** Another process on the same data. */
  another(): Promise<ContentStore>;
  destroy(): Promise<void>;
}

let made = 0;

/** Ids that ascend, as those of the services do. */
export function newId(): string {
  made += 1;
  return `${Date.now().toString(36)}${made.toString(36).padStart(5, '0')}${randomBytes(3).toString('hex')}`;
}

/** A time in whole milliseconds. */
export function at(second: number): Date {
  return new Date(Date.UTC(2026, 0, 1) + second * 1000 + 7);
}

export function aDocument(values: Partial<DocumentRecord> = {}): DocumentRecord {
  const id = values.id ?? newId();
  return {
    id,
    authorId: `author-${id}`,
    title: 'A title',
    body: 'Some text.',
    tags: ['one', '二'],
    attachments: ['f2', 'f1'],
    visibility: 'public',
    version: 1,
    editorId: `author-${id}`,
    changes: ['title', 'body'],
    commentCount: 0,
    html: '<p>Some text.</p>',
    renderer: 1,
    createdAt: at(0),
    updatedAt: at(0),
    deletedAt: null,
    ...values,
  };
}

/** What makes the next version: everything as it is, but for these values. */
export function aChange(document: DocumentRecord, values: Partial<DocumentChange> = {}): DocumentChange {
  const { title, body, tags, attachments, visibility, html, renderer, editorId } = document;
  const changes = Object.keys(values) as DocumentChange['changes'];
  const rest = { title, body, tags, attachments, visibility, html, renderer, editorId };
  return { ...rest, changes, updatedAt: at(1), ...values };
}

export function aComment(document: { id: string }, values: Partial<CommentRecord> = {}): CommentRecord {
  return {
    id: newId(),
    documentId: document.id,
    parentId: null,
    authorId: 'somebody',
    body: 'A remark.',
    html: '<p>A remark.</p>',
    renderer: 1,
    version: 1,
    replyCount: 0,
    createdAt: at(0),
    updatedAt: at(0),
    deletedAt: null,
    ...values,
  };
}
