import { DataTypes, Op, type Sequelize } from 'sequelize';
import type { FileRecord, Files } from '.';
import { columns, contains, plain, plainOrNull, sumOf, type Table, type Within } from './table';

export function defineFiles(sequelize: Sequelize): Table<FileRecord> {
  return sequelize.define('file', {
    id: { type: columns.id(), primaryKey: true },
    ownerId: columns.id(),
    sha256: columns.digest(),
    size: columns.bytes(),
    name: DataTypes.TEXT,
    type: DataTypes.STRING(255),
    visibility: DataTypes.STRING(16),
    createdAt: columns.time(),
    updatedAt: columns.time(),
  });
}

export function filesIn(table: Table<FileRecord>, transaction: Within): Files {
  return {
    async insert(file) {
      await table.create(file, { transaction });
    },
    async find(id) {
      return plainOrNull(await table.findByPk(id, { transaction }));
    },
    async findMany(ids) {
      return (await table.findAll({ where: { id: ids }, transaction })).map(plain);
    },
    async countReadable(ids, userId) {
      const where = { id: ids, [Op.or]: [{ ownerId: userId }, { visibility: 'public' }] };
      return table.count({ where, transaction });
    },
    async listOf(ownerId, { limit, before, q }) {
      const where = [
        { ownerId },
        ...(before === null ? [] : [{ id: { [Op.lt]: before } }]),
        ...(q === undefined ? [] : [contains('name', q)]),
      ];
      const rows = await table.findAll({
        where: { [Op.and]: where },
        order: [['id', 'DESC']],
        limit,
        transaction,
      });
      return rows.map(plain);
    },
    async update(id, patch, at) {
      const [count] = await table.update({ ...patch, updatedAt: at }, { where: { id }, transaction });
      return count > 0;
    },
    async delete(id) {
      return (await table.destroy({ where: { id }, transaction })) > 0;
    },
    async findReadable(sha256, userId) {
      const own = await table.findOne({ where: { sha256, ownerId: userId }, transaction });
      return plainOrNull(
        own ?? (await table.findOne({ where: { sha256, visibility: 'public' }, transaction })),
      );
    },
    async bytesOf(ownerId) {
      return sumOf(table, 'size', { where: { ownerId }, transaction });
    },
  };
}
