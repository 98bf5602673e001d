import { DataTypes } from 'sequelize';
import { addIndex, createTable, type Migration, type MigrationContext } from './schema';

/** 16 MiB on MySQL, whose TEXT has 64 KiB; for SQLite it is text like any other. */
const LONG_TEXT = 'MEDIUMTEXT';

const id = { type: DataTypes.STRING(64), allowNull: false };
const time = { type: DataTypes.DATE(3), allowNull: false };
const count = { type: DataTypes.INTEGER, allowNull: false };
const ofDocument = { ...id, references: { model: 'documents', key: 'id' }, onDelete: 'CASCADE' };

/** What a document and its old versions have in common. */
const described = {
  title: { type: DataTypes.STRING(255), allowNull: false },
  tags: { type: DataTypes.TEXT, allowNull: false },
  attachments: { type: DataTypes.TEXT, allowNull: false },
  visibility: { type: DataTypes.STRING(16), allowNull: false },
  editor_id: id,
  changes: { type: DataTypes.STRING(255), allowNull: false },
  updated_at: time,
};

async function createDocuments(context: MigrationContext): Promise<void> {
  await createTable(context, 'documents', {
    id: { ...id, primaryKey: true },
    author_id: id,
    version: count,
    ...described,
    comment_count: count,
    created_at: time,
    deleted_at: { ...time, allowNull: true },
  });
  await addIndex(context, 'documents', ['visibility', 'id']);
  await addIndex(context, 'documents', ['author_id', 'id']);
  await addIndex(context, 'documents', ['deleted_at']);
  // Apart from what changes with every comment.
  await createTable(context, 'document_texts', {
    document_id: { ...ofDocument, primaryKey: true },
    version: count,
    body: { type: LONG_TEXT, allowNull: false },
    html: { type: LONG_TEXT, allowNull: false },
    renderer: count,
  });
  await createTable(context, 'document_versions', {
    document_id: { ...ofDocument, primaryKey: true },
    version: { ...count, primaryKey: true },
    ...described,
    body: { type: LONG_TEXT, allowNull: false },
  });
  await createTable(context, 'document_terms', {
    document_id: { ...ofDocument, primaryKey: true },
    term: { type: DataTypes.STRING(64), primaryKey: true },
  });
  await addIndex(context, 'document_terms', ['term', 'document_id']);
}

async function createComments(context: MigrationContext): Promise<void> {
  await createTable(context, 'comments', {
    id: { ...id, primaryKey: true },
    document_id: ofDocument,
    parent_id: { ...id, allowNull: true },
    author_id: id,
    body: { type: LONG_TEXT, allowNull: false },
    html: { type: LONG_TEXT, allowNull: false },
    renderer: count,
    version: count,
    reply_count: count,
    created_at: time,
    updated_at: time,
    deleted_at: { ...time, allowNull: true },
  });
  await addIndex(context, 'comments', ['document_id', 'parent_id', 'id']);
}

/** Documents may lie in another store, files do not: what says which documents use a file is kept with the files. */
async function createAttachments(context: MigrationContext): Promise<void> {
  await createTable(context, 'attachments', {
    file_id: { ...id, primaryKey: true, references: { model: 'files', key: 'id' }, onDelete: 'RESTRICT' },
    document_id: { ...id, primaryKey: true },
    version: { ...count, primaryKey: true },
    attached_at: time,
  });
  await addIndex(context, 'attachments', ['document_id', 'version']);
}

export const content: Migration = {
  name: '0008-content',
  async up(context) {
    await createDocuments(context);
    await createComments(context);
    await createAttachments(context);
  },
};
