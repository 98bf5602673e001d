import { DataTypes, Op, type Sequelize } from 'sequelize';
import type { Role, UserRecord, Users } from '.';
import { columns, contains, plain, type Table, type Within } from './table';

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
    suspendedAt: columns.time(),
    createdAt: columns.time(),
    updatedAt: columns.time(),
  });
}

function recordOf({ roles, ...row }: UserRow): UserRecord {
  return { ...row, roles: JSON.parse(roles) as Role[] };
}

export function usersIn(table: Table<UserRow>, transaction: Within): Users {
  return {
    async insert(user) {
      await table.create({ ...user, roles: JSON.stringify(user.roles) }, { transaction });
    },
    async find(id) {
      const found = await table.findByPk(id, { transaction });
      return found && recordOf(plain(found));
    },
    async findMany(ids) {
      if (ids.length === 0) return [];
      return (await table.findAll({ where: { id: ids }, transaction })).map((row) => recordOf(plain(row)));
    },
    async hold(id) {
      // On SQLite, where `lock` means nothing, a transaction holds the whole database from its beginning.
      return (await table.findByPk(id, { attributes: ['id'], transaction, lock: true })) !== null;
    },
    async list({ limit, before, q }) {
      const where = [
        ...(before === null ? [] : [{ id: { [Op.lt]: before } }]),
        ...(q === undefined ? [] : [{ [Op.or]: [contains('username', q), contains('display_name', q)] }]),
      ];
      const order: [string, string][] = [['id', 'DESC']];
      const rows = await table.findAll({ where: { [Op.and]: where }, order, limit, transaction });
      return rows.map((row) => recordOf(plain(row)));
    },
    async update(id, { roles, ...patch }) {
      const values = { ...patch, ...(roles && { roles: JSON.stringify(roles) }), updatedAt: new Date() };
      const [count] = await table.update(values, { where: { id }, transaction });
      return count > 0;
    },
  };
}
