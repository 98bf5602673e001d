import { Schema, type Connection, type Model } from 'mongoose';
import type { CommentRecord, DocumentRecord, VersionRecord } from '..';
import type { Visibility } from '../../sql';

/** Counts that are about to change: see `counts.ts`. */
export interface Counting {
  pending: string[];
  /** When something last began to be counted. */
  pendingAt: Date | null;
}

type Stored<T extends { id: string }> = Omit<T, 'id'> & { _id: string };

export interface StoredDocument extends Stored<DocumentRecord>, Counting {
  /** By which it is found: see `terms.ts`. */
  terms: string[];
  /** It is being removed for good, and is not there for anybody any more. */
  purging: boolean;
}

export interface StoredVersion extends VersionRecord {
  /** Document and version. */
  _id: string;
  documentId: string;
}

export interface StoredComment extends Stored<CommentRecord>, Counting {
  /** Which attempt made it. */
  creation: string;
  /** Which attempt deleted it. */
  deletion: string | null;
  /** Which attempt took it out of its thread; null while it is listed. */
  gone: string | null;
}

export interface Collections {
  documents: Model<StoredDocument>;
  versions: Model<StoredVersion>;
  comments: Model<StoredComment>;
}

const text = { type: String, required: true } as const;
/** Required, and yet empty at times. */
const maybeEmpty = { type: String, default: '' } as const;
const count = { type: Number, required: true, min: 0 } as const;
const time = { type: Date, required: true } as const;
const laterTime = { type: Date, default: null } as const;
const options = { versionKey: false, strict: 'throw', minimize: false } as const;

const described = {
  title: text,
  body: maybeEmpty,
  tags: [String],
  attachments: [String],
  visibility: { type: String, required: true, enum: ['private', 'public'] as Visibility[] },
  version: count,
  editorId: text,
  changes: [String],
  updatedAt: time,
};

const counting = { pending: [String], pendingAt: laterTime };
const rendering = { html: maybeEmpty, renderer: count } as const;

function documentSchema() {
  const schema = new Schema<StoredDocument>(
    {
      _id: text,
      authorId: text,
      ...described,
      ...rendering,
      commentCount: { type: Number, required: true },
      createdAt: time,
      deletedAt: laterTime,
      terms: [String],
      purging: { type: Boolean, default: false },
      ...counting,
    },
    options,
  );
  schema.index({ visibility: 1, _id: -1 });
  schema.index({ authorId: 1, _id: -1 });
  schema.index({ terms: 1, _id: -1 });
  schema.index({ deletedAt: 1 });
  schema.index({ pending: 1 });
  return schema;
}

function versionSchema() {
  const schema = new Schema<StoredVersion>({ _id: text, documentId: text, ...described }, options);
  schema.index({ documentId: 1, version: -1 });
  return schema;
}

function commentSchema() {
  const schema = new Schema<StoredComment>(
    {
      _id: text,
      documentId: text,
      parentId: { type: String, default: null },
      authorId: text,
      body: maybeEmpty,
      ...rendering,
      version: count,
      replyCount: { type: Number, required: true },
      createdAt: time,
      updatedAt: time,
      deletedAt: laterTime,
      creation: text,
      deletion: { type: String, default: null },
      gone: { type: String, default: null },
      ...counting,
    },
    options,
  );
  schema.index({ documentId: 1, parentId: 1, _id: 1 });
  schema.index({ deletedAt: 1 });
  schema.index({ pending: 1 });
  return schema;
}

/** The collections of documents and comments. */
export function defineCollections(connection: Connection): Collections {
  return {
    documents: connection.model<StoredDocument>('Document', documentSchema(), 'documents'),
    versions: connection.model<StoredVersion>('Version', versionSchema(), 'document_versions'),
    comments: connection.model<StoredComment>('Comment', commentSchema(), 'comments'),
  };
}
