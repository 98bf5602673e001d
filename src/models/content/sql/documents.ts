import { Op, type Sequelize, type WhereOptions } from 'sequelize';
import type { DocumentRecord, Documents, Edit } from '..';
import { plain } from '../../sql/table';
import { newestOf, readPage, scopesOf, type SearchWindow } from '../reading';
import { documentReader, type DocumentReader } from './reader';
import { packed, summaryOf, versionOf } from './rows';
import { searchFor, withinWindow } from './search';
import type { ContentTables, DocumentRow } from './tables';
import { writeTerms } from './terms';

export function sqlDocuments(sequelize: Sequelize, tables: ContentTables): Documents {
  const reader = documentReader(sequelize, tables);
  return {
    ...lookups(sequelize, tables, reader),
    ...edits(sequelize, tables, reader),
    ...trash(tables, reader),
    ...versions(tables),
  };
}

type Lookups = Pick<Documents, 'find' | 'summaries' | 'list'>;
type Edits = Pick<Documents, 'insert' | 'update' | 'keepRendering'>;
type Trash = Pick<Documents, 'trash' | 'untrash' | 'listTrash' | 'listTrashedBefore' | 'purge'>;
type Versions = Pick<Documents, 'listVersions' | 'findVersion'>;

function lookups(
  sequelize: Sequelize,
  { documents }: ContentTables,
  { read, readMany }: DocumentReader,
): Lookups {
  return {
    find: (id) => read(id, null),

    async summaries(ids) {
      return (await documents.findAll({ where: { id: ids } })).map((row) => summaryOf(plain(row)));
    },

    async list(query) {
      const search = await searchFor(sequelize, query);
      if (!search) return { items: [], next: null };
      const { window, conditions } = search;
      return readPage(query, {
        window,
        find: (scope, part) => newest(documents, [{ ...scope, deletedAt: null }, ...conditions], part),
        read: readMany,
      });
    },
  };
}

/** By descending id. */
async function newest(
  documents: ContentTables['documents'],
  conditions: WhereOptions<DocumentRow>[],
  { limit, ...part }: SearchWindow & { below: string | null; limit: number },
): Promise<string[]> {
  const where = { [Op.and]: [...conditions, ...withinWindow(part)] };
  const rows = await documents.findAll({ attributes: ['id'], where, order: [['id', 'DESC']], limit });
  return rows.map((row) => plain(row).id);
}

function edits(sequelize: Sequelize, tables: ContentTables, { read }: DocumentReader): Edits {
  const { documents, texts, versions, terms } = tables;
  return {
    insert: (document) =>
      sequelize.transaction(async (transaction) => {
        const { body, html, renderer, ...rest } = document;
        const { id: documentId, version } = document;
        await documents.create(packed(rest), { transaction });
        await texts.create({ documentId, version, body, html, renderer }, { transaction });
        await writeTerms(terms, documentId, { before: null, after: document }, transaction);
      }),

    update: (id, version, change, keep) =>
      sequelize.transaction(async (transaction) => {
        const before = await read(id, transaction);
        if (before?.version !== version) return null;
        const { body, html, renderer, ...rest } = change;
        const next = { ...packed(rest), version: version + 1 };
        const [count] = await documents.update(next, {
          where: { id, version, deletedAt: null },
          transaction,
        });
        if (count === 0) return null;
        await versions.create({ documentId: id, ...packed(versionRecordOf(before)) }, { transaction });
        await versions.destroy({
          where: { documentId: id, version: { [Op.lte]: version - keep } },
          transaction,
        });
        const text = { version: version + 1, body, html, renderer };
        await texts.update(text, { where: { documentId: id }, transaction });
        await writeTerms(terms, id, { before, after: change }, transaction);
        return read(id, transaction);
      }),

    async keepRendering(id, version, { html, renderer }) {
      await texts.update({ html, renderer }, { where: { documentId: id, version } });
    },
  };
}

function trash({ documents }: ContentTables, { readMany }: DocumentReader): Trash {
  return {
    async listTrash(authorId, { limit, before: below, bytes }) {
      const part = { edge: null, among: null, below, limit: limit + 1 };
      const lists = scopesOf({ viewerId: authorId, authorId }).map((scope) =>
        newest(documents, [{ ...scope, deletedAt: { [Op.gte]: new Date(0) } }], part),
      );
      const found = newestOf(await Promise.all(lists), limit + 1);
      const { documents: read, last } = await readMany(found.slice(0, limit), bytes);
      const items = read.filter(({ deletedAt }) => deletedAt !== null);
      return { items, next: last === (found.at(-1) ?? null) ? null : last };
    },

    async trash(id, version, at) {
      const [count] = await documents.update({ deletedAt: at }, { where: { id, version, deletedAt: null } });
      return count > 0;
    },

    async untrash(id) {
      const where = { id, deletedAt: { [Op.ne]: null } };
      const [count] = await documents.update({ deletedAt: null }, { where });
      return count > 0;
    },

    async listTrashedBefore(before, limit) {
      const where = { deletedAt: { [Op.lt]: before } };
      const rows = await documents.findAll({
        attributes: ['id'],
        where,
        order: [['deletedAt', 'ASC']],
        limit,
      });
      return rows.map((row) => plain(row).id);
    },

    // What belongs to it goes by ON DELETE CASCADE.
    async purge(id, before) {
      return (await documents.destroy({ where: { id, deletedAt: { [Op.lt]: before } } })) > 0;
    },
  };
}

function versions({ versions }: ContentTables): Versions {
  return {
    async listVersions(id, { limit, before }) {
      const rows = await versions.findAll({
        attributes: { exclude: ['body', 'tags', 'attachments'] },
        where: { documentId: id, version: { [Op.lt]: before } },
        order: [['version', 'DESC']],
        limit,
      });
      return rows.map((row) => {
        const { version, editorId, changes, updatedAt, title, visibility } = plain(row);
        return {
          version,
          editorId,
          changes: JSON.parse(changes) as Edit['changes'],
          updatedAt,
          title,
          visibility,
        };
      });
    },

    async findVersion(id, version) {
      const row = await versions.findOne({ where: { documentId: id, version } });
      return row && versionOf(plain(row));
    },
  };
}

function versionRecordOf(document: DocumentRecord) {
  const { version, title, body, tags, attachments, visibility, editorId, changes, updatedAt } = document;
  return { version, title, body, tags, attachments, visibility, editorId, changes, updatedAt };
}
