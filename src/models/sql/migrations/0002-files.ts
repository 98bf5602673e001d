import { DataTypes } from 'sequelize';
import { addIndex, createTable, type Migration, type MigrationContext } from './schema';

async function createFiles(context: MigrationContext): Promise<void> {
  await createTable(context, 'files', {
    id: { type: DataTypes.STRING(64), primaryKey: true },
    owner_id: { type: DataTypes.STRING(64), allowNull: false },
    sha256: { type: DataTypes.STRING(64), allowNull: false },
    size: { type: DataTypes.BIGINT, allowNull: false },
    name: { type: DataTypes.TEXT, allowNull: false },
    type: { type: DataTypes.STRING(255), allowNull: false },
    visibility: { type: DataTypes.STRING(16), allowNull: false },
    created_at: { type: DataTypes.DATE(3), allowNull: false },
    updated_at: { type: DataTypes.DATE(3), allowNull: false },
  });
  await addIndex(context, 'files', ['owner_id', 'id']);
  // The sum of a user's bytes is read from the index alone.
  await addIndex(context, 'files', ['owner_id', 'size']);
  await addIndex(context, 'files', ['sha256', 'owner_id']);
  await addIndex(context, 'files', ['sha256', 'visibility']);
}

async function createBlobs(context: MigrationContext): Promise<void> {
  await createTable(context, 'blobs', {
    sha256: { type: DataTypes.STRING(64), primaryKey: true },
    size: { type: DataTypes.BIGINT, allowNull: false },
    reference_count: { type: DataTypes.INTEGER, allowNull: false },
    released_at: { type: DataTypes.DATE(3), allowNull: true },
  });
  await addIndex(context, 'blobs', ['released_at']);
}

async function createUploads(context: MigrationContext): Promise<void> {
  await createTable(context, 'uploads', {
    id: { type: DataTypes.STRING(64), primaryKey: true },
    owner_id: { type: DataTypes.STRING(64), allowNull: false },
    name: { type: DataTypes.TEXT, allowNull: false },
    size: { type: DataTypes.BIGINT, allowNull: false },
    type: { type: DataTypes.STRING(255), allowNull: false },
    chunk_size: { type: DataTypes.BIGINT, allowNull: false },
    visibility: { type: DataTypes.STRING(16), allowNull: false },
    declared_sha256: { type: DataTypes.STRING(64), allowNull: true },
    sealed_sha256: { type: DataTypes.STRING(64), allowNull: true },
    state: { type: DataTypes.STRING(16), allowNull: false },
    file_id: { type: DataTypes.STRING(64), allowNull: true },
    created_at: { type: DataTypes.DATE(3), allowNull: false },
    expires_at: { type: DataTypes.DATE(3), allowNull: false },
  });
  await addIndex(context, 'uploads', ['owner_id', 'id']);
  await addIndex(context, 'uploads', ['state', 'owner_id', 'size']);
  await addIndex(context, 'uploads', ['state', 'expires_at']);
  await createTable(context, 'extents', {
    upload_id: {
      type: DataTypes.STRING(64),
      primaryKey: true,
      references: { model: 'uploads', key: 'id' },
      onDelete: 'CASCADE',
    },
    start_byte: { type: DataTypes.BIGINT, primaryKey: true },
    end_byte: { type: DataTypes.BIGINT, allowNull: false },
  });
}

export const files: Migration = {
  name: '0002-files',
  async up(context) {
    await createFiles(context);
    await createBlobs(context);
    await createUploads(context);
  },
};
