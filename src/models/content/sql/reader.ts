import { literal, type FindAttributeOptions, type Sequelize } from 'sequelize';
import type { DocumentRecord } from '..';
import { plain, type Within } from '../../sql/table';
import { countWithin, type ReadDocuments } from '../reading';
import { documentOf } from './rows';
import type { ContentTables, DocumentRow } from './tables';

/** How long a text and its HTML are, for which they need not be read. */
export const TEXT_BYTES = literal('OCTET_LENGTH(body) + OCTET_LENGTH(html)');

/** Reads documents, whose texts lie in a table of their own. */
export interface DocumentReader {
  read: (id: string, transaction: Within) => Promise<DocumentRecord | null>;
  readMany: ReadDocuments;
}

export function documentReader(sequelize: Sequelize, { documents, texts }: ContentTables): DocumentReader {
  async function withTexts(rows: DocumentRow[], transaction: Within): Promise<DocumentRecord[]> {
    if (rows.length === 0) return [];
    const where = { documentId: rows.map(({ id }) => id) };
    const found = (await texts.findAll({ where, transaction })).map(plain);
    const byId = new Map(found.map((text) => [text.documentId, text]));
    const records: DocumentRecord[] = [];
    for (const row of rows) {
      const text = byId.get(row.id);
      // Edited between the two statements, unless it is gone; nobody edits within a transaction of ours.
      const record = text?.version === row.version ? documentOf(row, text) : await readInOne(row.id);
      if (record) records.push(record);
    }
    return records;
  }

  async function read(id: string, transaction: Within): Promise<DocumentRecord | null> {
    const row = await documents.findByPk(id, { transaction });
    return row ? ((await withTexts([plain(row)], transaction))[0] ?? null) : null;
  }

  function readInOne(id: string): Promise<DocumentRecord | null> {
    return sequelize.transaction((transaction) => read(id, transaction));
  }

  async function sizesOf(ids: string[]): Promise<Map<string, number>> {
    const attributes: FindAttributeOptions = ['documentId', [TEXT_BYTES, 'bytes']];
    const rows = await texts.findAll({ attributes, where: { documentId: ids } });
    return new Map(rows.map((row) => [plain(row).documentId, row.get('bytes') as number]));
  }

  return {
    read,
    async readMany(ids, bytes) {
      if (ids.length === 0) return { documents: [], last: null };
      const sizes = await sizesOf(ids);
      const within = ids.slice(
        0,
        countWithin(
          ids.map((id) => sizes.get(id) ?? 0),
          bytes,
        ),
      );
      const rows = (await documents.findAll({ where: { id: within }, order: [['id', 'DESC']] })).map(plain);
      return { documents: await withTexts(rows, null), last: within.at(-1) ?? null };
    },
  };
}
