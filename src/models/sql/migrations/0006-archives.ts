import { DataTypes } from 'sequelize';
import { addColumn, addIndex, createTable, type Migration } from './schema';

/** 16 MiB on MySQL, whose TEXT has 64 KiB; for SQLite it is text like any other. */
const LONG_TEXT = 'MEDIUMTEXT';

export const archives: Migration = {
  name: '0006-archives',
  async up(context) {
    await addColumn(context, 'blobs', 'crc32', { type: DataTypes.BIGINT, allowNull: true });
    await createTable(context, 'manifests', {
      sha256: {
        type: DataTypes.STRING(64),
        primaryKey: true,
        references: { model: 'blobs', key: 'sha256' },
        onDelete: 'CASCADE',
      },
      piece_size: { type: DataTypes.BIGINT, allowNull: false },
      digests: { type: LONG_TEXT, allowNull: false },
    });
    await createTable(context, 'archives', {
      id: { type: DataTypes.STRING(64), primaryKey: true },
      token_hash: { type: DataTypes.STRING(64), allowNull: false },
      owner_id: { type: DataTypes.STRING(64), allowNull: false },
      name: { type: DataTypes.TEXT, allowNull: false },
      entries: { type: LONG_TEXT, allowNull: false },
      created_at: { type: DataTypes.DATE(3), allowNull: false },
      expires_at: { type: DataTypes.DATE(3), allowNull: false },
    });
    await addIndex(context, 'archives', ['token_hash'], { unique: true });
    await addIndex(context, 'archives', ['owner_id', 'expires_at']);
    await addIndex(context, 'archives', ['expires_at']);
  },
};
