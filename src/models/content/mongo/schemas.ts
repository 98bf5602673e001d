import type mongoose from 'mongoose';
import type { Connection, Model, SchemaDefinition } from 'mongoose';
import type { CommentRecord, DocumentRecord, VersionRecord } from '..';

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

const text = { type: String, required: true };
/** Required, and yet empty at times. */
const maybeEmpty = { type: String, default: '' };
const maybeNone = { type: String, default: null };
const count = { type: Number, required: true };
const time = { type: Date, required: true };
const laterTime = { type: Date, default: null };

const rendering = { html: maybeEmpty, renderer: count };
const counting = { pending: [String], pendingAt: laterTime };
const described = {
  title: text,
  body: maybeEmpty,
  tags: [String],
  attachments: [String],
  visibility: { type: String, required: true, enum: ['private', 'public'] },
  version: count,
  editorId: text,
  changes: [String],
  updatedAt: time,
};

const documentFields = {
  _id: text,
  authorId: text,
  ...described,
  ...rendering,
  commentCount: count,
  createdAt: time,
  deletedAt: laterTime,
  terms: [String],
  purging: { type: Boolean, default: false },
  ...counting,
};

const versionFields = { _id: text, documentId: text, ...described };

const commentFields = {
  _id: text,
  documentId: text,
  parentId: maybeNone,
  authorId: text,
  body: maybeEmpty,
  ...rendering,
  version: count,
  replyCount: count,
  createdAt: time,
  updatedAt: time,
  deletedAt: laterTime,
  creation: text,
  deletion: maybeNone,
  gone: maybeNone,
  ...counting,
};

type Index = Record<string, 1 | -1>;

/** By which lists go, of everybody's documents and of those of an author. */
export const SCOPE_INDEXES = {
  all: { visibility: 1, deletedAt: 1, _id: -1 },
  author: { authorId: 1, visibility: 1, deletedAt: 1, _id: -1 },
} as const satisfies Record<string, Index>;

/** The collections of documents and comments. */
export function defineCollections({ Schema }: typeof mongoose, connection: Connection): Collections {
  function define<T>(name: string, collection: string, fields: object, indexes: Index[]): Model<T> {
    const schema = new Schema<T>(fields as SchemaDefinition<T>, {
      versionKey: false,
      strict: 'throw',
      minimize: false,
    });
    for (const index of indexes) schema.index(index);
    return connection.model<T>(name, schema, collection);
  }
  return {
    documents: define<StoredDocument>('Document', 'documents', documentFields, [
      SCOPE_INDEXES.all,
      SCOPE_INDEXES.author,
      { terms: 1, _id: -1 },
      { deletedAt: 1 },
      { pending: 1 },
    ]),
    versions: define<StoredVersion>('Version', 'document_versions', versionFields, [
      { documentId: 1, version: -1 },
    ]),
    comments: define<StoredComment>('Comment', 'comments', commentFields, [
      { documentId: 1, parentId: 1, _id: 1 },
      { deletedAt: 1 },
      { pending: 1 },
    ]),
  };
}
