import { DataTypes } from 'sequelize';
import { addIndex, createTable, type Migration } from './schema';

export const links: Migration = {
  name: '0005-links',
  async up(context) {
    await createTable(context, 'links', {
      id: { type: DataTypes.STRING(64), primaryKey: true },
      token_hash: { type: DataTypes.STRING(64), allowNull: false },
      file_id: { type: DataTypes.STRING(64), allowNull: false },
      owner_id: { type: DataTypes.STRING(64), allowNull: false },
      disposition: { type: DataTypes.STRING(16), allowNull: true },
      max_downloads: { type: DataTypes.INTEGER, allowNull: true },
      downloads: { type: DataTypes.INTEGER, allowNull: false },
      created_at: { type: DataTypes.DATE(3), allowNull: false },
      expires_at: { type: DataTypes.DATE(3), allowNull: false },
      revoked_at: { type: DataTypes.DATE(3), allowNull: true },
    });
    await addIndex(context, 'links', ['token_hash'], { unique: true });
    await addIndex(context, 'links', ['file_id', 'id']);
    await addIndex(context, 'links', ['expires_at']);
    await addIndex(context, 'links', ['revoked_at']);
    await createTable(context, 'link_downloads', {
      link_id: {
        type: DataTypes.STRING(64),
        primaryKey: true,
        references: { model: 'links', key: 'id' },
        onDelete: 'CASCADE',
      },
      client: { type: DataTypes.STRING(64), primaryKey: true },
      open_until: { type: DataTypes.DATE(3), allowNull: false },
    });
    await addIndex(context, 'link_downloads', ['open_until']);
  },
};
