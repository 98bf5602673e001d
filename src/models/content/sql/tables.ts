import { DataTypes, type Sequelize } from 'sequelize';
import type { CommentRecord, DocumentRecord, Rendering, VersionRecord } from '..';
import { columns, type Table } from '../../sql/table';

/** Lists lie in one column each, as JSON. */
type Packed<T> = { [K in keyof T]: T[K] extends string[] ? string : T[K] };

export type DocumentRow = Packed<Omit<DocumentRecord, 'body' | keyof Rendering>>;
export type TextRow = { documentId: string; version: number; body: string } & Rendering;
export type VersionRow = Packed<VersionRecord> & { documentId: string };
export interface TermRow {
  documentId: string;
  term: string;
}

export interface ContentTables {
  documents: Table<DocumentRow>;
  texts: Table<TextRow>;
  versions: Table<VersionRow>;
  terms: Table<TermRow>;
  comments: Table<CommentRecord>;
}

const longText = () => DataTypes.TEXT('medium');

function described() {
  return {
    title: DataTypes.STRING(255),
    tags: DataTypes.TEXT,
    attachments: DataTypes.TEXT,
    visibility: DataTypes.STRING(16),
    editorId: columns.id(),
    changes: DataTypes.STRING(255),
    updatedAt: columns.time(),
  };
}

/** Tells Sequelize about the tables of documents and comments. */
export function defineContent(sequelize: Sequelize): ContentTables {
  const ofDocument = () => ({ type: columns.id(), primaryKey: true });
  return {
    documents: sequelize.define('document', {
      id: { type: columns.id(), primaryKey: true },
      authorId: columns.id(),
      version: DataTypes.INTEGER,
      ...described(),
      commentCount: DataTypes.INTEGER,
      createdAt: columns.time(),
      deletedAt: columns.time(),
    }),
    texts: sequelize.define(
      'documentText',
      {
        documentId: ofDocument(),
        version: DataTypes.INTEGER,
        body: longText(),
        html: longText(),
        renderer: DataTypes.INTEGER,
      },
      { tableName: 'document_texts' },
    ),
    versions: sequelize.define(
      'documentVersion',
      {
        documentId: ofDocument(),
        version: { type: DataTypes.INTEGER, primaryKey: true },
        ...described(),
        body: longText(),
      },
      { tableName: 'document_versions' },
    ),
    terms: sequelize.define(
      'documentTerm',
      { documentId: ofDocument(), term: { type: DataTypes.STRING(64), primaryKey: true } },
      { tableName: 'document_terms' },
    ),
    comments: sequelize.define('comment', {
      id: { type: columns.id(), primaryKey: true },
      documentId: columns.id(),
      parentId: columns.id(),
      authorId: columns.id(),
      body: longText(),
      html: longText(),
      renderer: DataTypes.INTEGER,
      version: DataTypes.INTEGER,
      replyCount: DataTypes.INTEGER,
      createdAt: columns.time(),
      updatedAt: columns.time(),
      deletedAt: columns.time(),
    }),
  };
}
