import { DataTypes, literal, Op, type Sequelize } from 'sequelize';
import type { BlobRecord, Blobs } from '.';
import { columns, plain, plainOrNull, type Table, type Within } from './table';

export function defineBlobs(sequelize: Sequelize): Table<BlobRecord> {
  return sequelize.define('blob', {
    sha256: { type: columns.digest(), primaryKey: true },
    size: columns.bytes(),
    // REFERENCES is a word of SQL.
    references: { type: DataTypes.INTEGER, field: 'reference_count' },
    releasedAt: columns.time(),
    crc32: DataTypes.BIGINT,
  });
}

export function blobsIn(table: Table<BlobRecord>, transaction: Within): Blobs {
  return {
    async find(sha256) {
      return plainOrNull(await table.findByPk(sha256, { transaction }));
    },
    async findMany(sha256s) {
      return (await table.findAll({ where: { sha256: sha256s }, transaction })).map(plain);
    },
    async announce(sha256, size, at, crc32 = null) {
      const unused = { where: { sha256, references: 0 }, transaction };
      const [renewed] = await table.update({ releasedAt: at, ...(crc32 !== null && { crc32 }) }, unused);
      if (renewed > 0) return;
      // Here the row is missing or in use; whoever makes it at the same moment makes the same one.
      const row = { sha256, size, references: 0, releasedAt: at, crc32 };
      await table.bulkCreate([row], { ignoreDuplicates: true, transaction });
    },
    async renew(sha256s, at) {
      await table.update({ releasedAt: at }, { where: { sha256: sha256s, references: 0 }, transaction });
    },
    async setCrc32(sha256, crc32) {
      const [count] = await table.update({ crc32 }, { where: { sha256 }, transaction });
      return count > 0;
    },
    async addReference(sha256) {
      const values = { references: literal('reference_count + 1'), releasedAt: null };
      const [count] = await table.update(values, { where: { sha256 }, transaction });
      return count > 0;
    },
    async dropReference(sha256, at) {
      await table.update(
        { references: literal('reference_count - 1') },
        { where: { sha256, references: { [Op.gt]: 0 } }, transaction },
      );
      // A second statement, because MySQL and SQLite differ in which count an assignment beside it would see.
      const last = { where: { sha256, references: 0, releasedAt: null }, transaction };
      await table.update({ releasedAt: at }, last);
    },
    async listUnreferenced(before, limit) {
      const where = { references: 0, releasedAt: { [Op.lt]: before } };
      return (await table.findAll({ where, order: [['releasedAt', 'ASC']], limit, transaction })).map(plain);
    },
    async deleteUnreferenced(sha256, before) {
      const where = { sha256, references: 0, releasedAt: { [Op.lt]: before } };
      return (await table.destroy({ where, transaction })) > 0;
    },
  };
}
