import { DataTypes, type Sequelize } from 'sequelize';
import type { Role, UserRecord, Users } from '.';
import { columns, plain, type Table, type Within } from './table';

/** The roles lie in one column as JSON. */
type UserRow = Omit<UserRecord, 'roles'> & { roles: string };

export function defineUsers(sequelize: Sequelize): Table<UserRow> {
  return sequelize.define('user', {
    id: { type: columns.id(), primaryKey: true },
    username: DataTypes.STRING(255),
    displayName: DataTypes.STRING(255),
    avatarFileId: columns.id(),
    roles: DataTypes.STRING(255),
    epoch: DataTypes.INTEGER,
    createdAt: columns.time(),
    updatedAt: columns.time(),
  });
}

export function usersIn(table: Table<UserRow>, transaction: Within): Users {
  return {
    async insert(user) {
      await table.create({ ...user, roles: JSON.stringify(user.roles) }, { transaction });
    },
    async find(id) {
      const found = await table.findByPk(id, { transaction });
      if (!found) return null;
      const row = plain(found);
      return { ...row, roles: JSON.parse(row.roles) as Role[] };
    },
    async hold(id) {
      // On SQLite, where `lock` means nothing, a transaction holds the whole database from its beginning.
      return (await table.findByPk(id, { attributes: ['id'], transaction, lock: true })) !== null;
    },
    async update(id, { roles, ...patch }) {
      const values = { ...patch, ...(roles && { roles: JSON.stringify(roles) }), updatedAt: new Date() };
      const [count] = await table.update(values, { where: { id }, transaction });
      return count > 0;
    },
  };
}
