import { DataTypes } from 'sequelize';
import { addIndex, createTable, type Migration } from './schema';

export const idempotency: Migration = {
  name: '0003-idempotency',
  async up(context) {
    await createTable(context, 'idempotency_keys', {
      owner_id: { type: DataTypes.STRING(64), primaryKey: true },
      idempotency_key: { type: DataTypes.STRING(255), primaryKey: true },
      fingerprint: { type: DataTypes.STRING(128), allowNull: false },
      resource_id: { type: DataTypes.STRING(64), allowNull: false },
      // A document can be longer than the 64 KiB of MySQL's TEXT. To SQLite it is a TEXT like any other.
      answer: { type: 'MEDIUMTEXT', allowNull: true },
      started_at: { type: DataTypes.DATE(3), allowNull: false },
      expires_at: { type: DataTypes.DATE(3), allowNull: false },
    });
    await addIndex(context, 'idempotency_keys', ['expires_at']);
  },
};
