import { Op, type Sequelize, type WhereOptions } from 'sequelize';
import type { DocumentRecord } from '..';
import { plain, type Within } from '../../sql/table';
import { documentOf } from './rows';
import type { ContentTables, DocumentRow } from './tables';

/** Reads documents, whose texts lie in a table of their own. */
export interface DocumentReader {
  read: (id: string, transaction: Within) => Promise<DocumentRecord | null>;
  /** By descending id. */
  select: (
    where: WhereOptions<DocumentRow>[],
    page: { limit: number; before: string | null },
  ) => Promise<DocumentRecord[]>;
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

  async function select(
    where: WhereOptions<DocumentRow>[],
    { limit, before }: { limit: number; before: string | null },
  ): Promise<DocumentRecord[]> {
    const conditions = before === null ? where : [...where, { id: { [Op.lt]: before } }];
    const rows = await documents.findAll({ where: { [Op.and]: conditions }, order: [['id', 'DESC']], limit });
    return withTexts(rows.map(plain), null);
  }

  return { read, select };
}
