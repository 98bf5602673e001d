import { DataTypes, Op, type Sequelize } from 'sequelize';
import type { ArchiveEntry, ArchiveRecord, Archives } from '.';
import { columns, plain, type Table, type Within } from './table';

/** The entries lie in one column as JSON. */
type ArchiveRow = Omit<ArchiveRecord, 'entries'> & { entries: string };

export function defineArchives(sequelize: Sequelize): Table<ArchiveRow> {
  return sequelize.define('archive', {
    id: { type: columns.id(), primaryKey: true },
    tokenHash: columns.digest(),
    ownerId: columns.id(),
    name: DataTypes.TEXT,
    entries: DataTypes.TEXT,
    createdAt: columns.time(),
    expiresAt: columns.time(),
  });
}

export function archivesIn(table: Table<ArchiveRow>, transaction: Within): Archives {
  return {
    async insert(archive) {
      await table.create({ ...archive, entries: JSON.stringify(archive.entries) }, { transaction });
    },
    async findByToken(tokenHash) {
      const found = await table.findOne({ where: { tokenHash }, transaction });
      if (!found) return null;
      const row = plain(found);
      return { ...row, entries: JSON.parse(row.entries) as ArchiveEntry[] };
    },
    async countAlive(ownerId, at) {
      return table.count({ where: { ownerId, expiresAt: { [Op.gt]: at } }, transaction });
    },
    async deleteExpired(before) {
      return table.destroy({ where: { expiresAt: { [Op.lt]: before } }, transaction });
    },
  };
}
