import { DataTypes, literal, Op, type Sequelize } from 'sequelize';
import type { LinkRecord, Links } from '.';
import { columns, plain, plainOrNull, type Table, type Within } from './table';

/** A download that was counted: further ranges of the same client belong to it while it is open. */
interface LinkDownloadRow {
  linkId: string;
  client: string;
  openUntil: Date;
}

interface LinkTables {
  links: Table<LinkRecord>;
  downloads: Table<LinkDownloadRow>;
}

export function defineLinks(sequelize: Sequelize): LinkTables {
  return {
    links: sequelize.define('link', {
      id: { type: columns.id(), primaryKey: true },
      tokenHash: columns.digest(),
      fileId: columns.id(),
      ownerId: columns.id(),
      disposition: DataTypes.STRING(16),
      maxDownloads: DataTypes.INTEGER,
      downloads: DataTypes.INTEGER,
      createdAt: columns.time(),
      expiresAt: columns.time(),
      revokedAt: columns.time(),
    }),
    downloads: sequelize.define(
      'linkDownload',
      {
        linkId: { type: columns.id(), primaryKey: true },
        client: { type: columns.digest(), primaryKey: true },
        openUntil: columns.time(),
      },
      { tableName: 'link_downloads' },
    ),
  };
}

export function linksIn({ links, downloads }: LinkTables, transaction: Within): Links {
  return {
    async insert(link) {
      await links.create(link, { transaction });
    },
    async findByToken(tokenHash) {
      return plainOrNull(await links.findOne({ where: { tokenHash }, transaction }));
    },
    async listOf(fileId, { limit, before }) {
      const where = { fileId, revokedAt: null, ...(before !== null && { id: { [Op.lt]: before } }) };
      return (await links.findAll({ where, order: [['id', 'DESC']], limit, transaction })).map(plain);
    },
    async hold(id) {
      // On SQLite, where `lock` means nothing, a transaction holds the whole database from its beginning.
      return (await links.findByPk(id, { attributes: ['id'], transaction, lock: true })) !== null;
    },
    async count(id, at) {
      const room = {
        [Op.or]: [{ maxDownloads: null }, { downloads: { [Op.lt]: literal('max_downloads') } }],
      };
      const [count] = await links.update(
        { downloads: literal('downloads + 1') },
        { where: { id, revokedAt: null, expiresAt: { [Op.gt]: at }, ...room }, transaction },
      );
      return count > 0;
    },
    async openDownload(linkId, client, openUntil) {
      const [count] = await downloads.update({ openUntil }, { where: { linkId, client }, transaction });
      if (count === 0) await downloads.create({ linkId, client, openUntil }, { transaction });
    },
    async hasOpenDownload(linkId, client, at) {
      const where = { linkId, client, openUntil: { [Op.gt]: at } };
      return (await downloads.count({ where, transaction })) > 0;
    },
    async revoke(fileId, id, at) {
      const where = { id, fileId, revokedAt: null };
      const [count] = await links.update({ revokedAt: at }, { where, transaction });
      return count > 0;
    },
    async revokeAllOf(fileId, at) {
      await links.update({ revokedAt: at }, { where: { fileId, revokedAt: null }, transaction });
    },
    async deleteDead(before) {
      const where = { [Op.or]: [{ revokedAt: { [Op.lt]: before } }, { expiresAt: { [Op.lt]: before } }] };
      return links.destroy({ where, transaction });
    },
    async deleteEndedDownloads(before) {
      return downloads.destroy({ where: { openUntil: { [Op.lt]: before } }, transaction });
    },
  };
}
