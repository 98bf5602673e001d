import { DataTypes, Op, type Sequelize } from 'sequelize';
import type { RefreshFamilies, RefreshFamilyRecord } from '.';
import { columns, plainOrNull, type Table, type Within } from './table';

export function defineRefreshFamilies(sequelize: Sequelize): Table<RefreshFamilyRecord> {
  return sequelize.define('refreshFamily', {
    id: { type: columns.id(), primaryKey: true },
    userId: columns.id(),
    currentHash: columns.digest(),
    previousHash: columns.digest(),
    rotatedAt: columns.time(),
    userAgent: DataTypes.TEXT,
    createdAt: columns.time(),
    expiresAt: columns.time(),
    endedAt: columns.time(),
  });
}

export function refreshFamiliesIn(table: Table<RefreshFamilyRecord>, transaction: Within): RefreshFamilies {
  return {
    async insert(family) {
      await table.create(family, { transaction });
    },
    async find(id) {
      return plainOrNull(await table.findByPk(id, { transaction }));
    },
    async findByHash(hash) {
      const where = { [Op.or]: [{ currentHash: hash }, { previousHash: hash }] };
      return plainOrNull(await table.findOne({ where, transaction }));
    },
    async rotate(id, from, to, at, expiresAt) {
      const [count] = await table.update(
        { currentHash: to, previousHash: from, rotatedAt: at, expiresAt },
        { where: { id, currentHash: from, endedAt: null }, transaction },
      );
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
