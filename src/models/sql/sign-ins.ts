import { DataTypes, Op, type Sequelize } from 'sequelize';
import type { SignInRecord, SignIns } from '.';
import { columns, plain, plainOrNull, type Table, type Within } from './table';

export function defineSignIns(sequelize: Sequelize): Table<SignInRecord> {
  return sequelize.define('signIn', {
    id: { type: columns.id(), primaryKey: true },
    userId: columns.id(),
    kind: DataTypes.STRING(16),
    currentHash: columns.digest(),
    chainKey: DataTypes.STRING(64),
    rotations: DataTypes.INTEGER,
    rotatedAt: columns.time(),
    userAgent: DataTypes.TEXT,
    createdAt: columns.time(),
    expiresAt: columns.time(),
    endedAt: columns.time(),
  });
}

export function signInsIn(table: Table<SignInRecord>, transaction: Within): SignIns {
  return {
    async insert(signIn) {
      await table.create(signIn, { transaction });
    },
    async find(id) {
      return plainOrNull(await table.findByPk(id, { transaction }));
    },
    async findMany(ids) {
      if (ids.length === 0) return [];
      return (await table.findAll({ where: { id: ids }, transaction })).map(plain);
    },
    async listAlive(userId, at) {
      const where = { userId, endedAt: null, expiresAt: { [Op.gt]: at } };
      return (await table.findAll({ where, order: [['id', 'DESC']], transaction })).map(plain);
    },
    async rotate(id, { from, to, chainKey, rotations, at, expiresAt }) {
      const [count] = await table.update(
        { currentHash: to, chainKey, rotations, rotatedAt: at, expiresAt },
        { where: { id, currentHash: from, endedAt: null }, transaction },
      );
      return count > 0;
    },
    async prolong(id, expiresAt) {
      const [count] = await table.update({ expiresAt }, { where: { id, endedAt: null }, transaction });
      return count > 0;
    },
    async end(id, at) {
      const [count] = await table.update({ endedAt: at }, { where: { id, endedAt: null }, transaction });
      return count > 0;
    },
    async deleteDead(before) {
      const where = { [Op.or]: [{ endedAt: { [Op.lt]: before } }, { expiresAt: { [Op.lt]: before } }] };
      return table.destroy({ where, transaction });
    },
  };
}
