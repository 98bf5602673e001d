import { DataTypes, Op, type Sequelize } from 'sequelize';
import type { AttachmentRecord, Attachments } from '.';
import { columns, plain, type Table, type Within } from './table';

export function defineAttachments(sequelize: Sequelize): Table<AttachmentRecord> {
  return sequelize.define('attachment', {
    fileId: { type: columns.id(), primaryKey: true },
    documentId: { type: columns.id(), primaryKey: true },
    version: { type: DataTypes.INTEGER, primaryKey: true },
    attachedAt: columns.time(),
  });
}

export function attachmentsIn(table: Table<AttachmentRecord>, transaction: Within): Attachments {
  return {
    async add(documentId, version, fileIds, at) {
      if (fileIds.length === 0) return;
      const noted = { where: { documentId, version, fileId: fileIds }, transaction };
      const known = new Set((await table.findAll(noted)).map((row) => plain(row).fileId));
      // Not by ignoring duplicates, which on MySQL ignores missing files, too. A row that another request inserts
      // meanwhile is a Conflict, as is the version that it is for.
      const rows = fileIds
        .filter((fileId) => !known.has(fileId))
        .map((fileId) => ({ fileId, documentId, version, attachedAt: at }));
      if (rows.length > 0) await table.bulkCreate(rows, { transaction });
    },
    async listOf(fileId) {
      return (await table.findAll({ where: { fileId }, transaction })).map(plain);
    },
    async remove({ fileId, documentId, version }) {
      await table.destroy({ where: { fileId, documentId, version }, transaction });
    },
    async removeBefore(documentId, version) {
      await table.destroy({ where: { documentId, version: { [Op.lt]: version } }, transaction });
    },
    async removeAllOf(documentId) {
      await table.destroy({ where: { documentId }, transaction });
    },
  };
}
