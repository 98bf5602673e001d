import { DataTypes } from 'sequelize';
import { addColumn, addIndex, type Migration } from './schema';

export const uploadClients: Migration = {
  name: '0007-upload-clients',
  async up(context) {
    await addColumn(context, 'uploads', 'size_deferred', {
      type: DataTypes.BOOLEAN,
      allowNull: false,
      defaultValue: false,
    });
    await addColumn(context, 'uploads', 'completion', {
      type: DataTypes.STRING(16),
      allowNull: false,
      defaultValue: 'asked',
    });
    await addColumn(context, 'uploads', 'client_key', { type: DataTypes.STRING(64), allowNull: true });
    await addColumn(context, 'uploads', 'client_state', { type: DataTypes.TEXT, allowNull: true });
    await addColumn(context, 'uploads', 'joined_to', { type: DataTypes.STRING(64), allowNull: true });
    await addColumn(context, 'uploads', 'joined_position', { type: DataTypes.INTEGER, allowNull: true });
    await addColumn(context, 'uploads', 'piece_count', { type: DataTypes.INTEGER, allowNull: true });
    await addIndex(context, 'uploads', ['owner_id', 'client_key', 'id']);
    await addIndex(context, 'uploads', ['joined_to', 'joined_position']);
  },
};
