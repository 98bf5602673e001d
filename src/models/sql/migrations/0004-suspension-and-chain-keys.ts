import { DataTypes } from 'sequelize';
import { addColumn, type Migration } from './schema';

export const suspensionAndChainKeys: Migration = {
  name: '0004-suspension-and-chain-keys',
  async up(context) {
    await addColumn(context, 'users', 'suspended_at', { type: DataTypes.DATE(3), allowNull: true });
    await addColumn(context, 'sign_ins', 'chain_key', { type: DataTypes.STRING(64), allowNull: true });
  },
};
