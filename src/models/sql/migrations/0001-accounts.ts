import { DataTypes } from 'sequelize';
import { addIndex, createTable, type Migration } from './schema';

export const accounts: Migration = {
  name: '0001-accounts',
  async up(context) {
    await createTable(context, 'users', {
      id: { type: DataTypes.STRING(64), primaryKey: true },
      username: { type: DataTypes.STRING(255), allowNull: true },
      display_name: { type: DataTypes.STRING(255), allowNull: false },
      avatar_file_id: { type: DataTypes.STRING(64), allowNull: true },
      roles: { type: DataTypes.STRING(255), allowNull: false },
      epoch: { type: DataTypes.INTEGER, allowNull: false },
      created_at: { type: DataTypes.DATE(3), allowNull: false },
      updated_at: { type: DataTypes.DATE(3), allowNull: false },
    });
    const userId = {
      type: DataTypes.STRING(64),
      allowNull: false,
      references: { model: 'users', key: 'id' },
      onDelete: 'CASCADE',
    };
    await createTable(context, 'identities', {
      provider: { type: DataTypes.STRING(64), primaryKey: true },
      subject: { type: DataTypes.STRING(255), primaryKey: true },
      user_id: userId,
      secret: { type: DataTypes.STRING(255), allowNull: true },
      linked_at: { type: DataTypes.DATE(3), allowNull: false },
    });
    await addIndex(context, 'identities', ['user_id']);
    await createTable(context, 'sign_ins', {
      id: { type: DataTypes.STRING(64), primaryKey: true },
      user_id: userId,
      kind: { type: DataTypes.STRING(16), allowNull: false },
      current_hash: { type: DataTypes.STRING(64), allowNull: true },
      rotations: { type: DataTypes.INTEGER, allowNull: false },
      rotated_at: { type: DataTypes.DATE(3), allowNull: true },
      user_agent: { type: DataTypes.TEXT, allowNull: true },
      created_at: { type: DataTypes.DATE(3), allowNull: false },
      expires_at: { type: DataTypes.DATE(3), allowNull: false },
      ended_at: { type: DataTypes.DATE(3), allowNull: true },
    });
    await addIndex(context, 'sign_ins', ['user_id']);
    await addIndex(context, 'sign_ins', ['ended_at']);
    await addIndex(context, 'sign_ins', ['expires_at']);
  },
};
