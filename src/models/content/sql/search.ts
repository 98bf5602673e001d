import { literal, Op, QueryTypes, type Sequelize, type WhereOptions } from 'sequelize';
import { queryTerms, searchTerms, type QueryTerm } from '../terms';
import type { Within } from '../../sql/table';
import type { DocumentRow, ContentTables, TermRow } from './tables';

/** Of a term with fewer documents, their ids are the quickest way to what is asked for. */
const FEW = 1000;
const ROWS_AT_ONCE = 500;
/** Comes after whatever begins like the text before it. */
const LAST = '\u{10ffff}';

interface Words {
  title: string;
  body: string;
  tags: string[];
}

/** Brings the terms of a document up to date: only those that came or went are written. */
export async function writeTerms(
  terms: ContentTables['terms'],
  documentId: string,
  { before, after }: { before: Words | null; after: Words },
  transaction: Within,
): Promise<void> {
  const old = before ? searchTerms(before) : new Set<string>();
  const now = searchTerms(after);
  const gone = [...old].filter((term) => !now.has(term));
  const come = [...now].filter((term) => !old.has(term));
  for (const term of batches(gone)) await terms.destroy({ where: { documentId, term }, transaction });
  for (const batch of batches(come)) {
    const rows: TermRow[] = batch.map((term) => ({ documentId, term }));
    await terms.bulkCreate(rows, { transaction });
  }
}

function batches<T>(items: T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / ROWS_AT_ONCE) }, (_, index) =>
    items.slice(index * ROWS_AT_ONCE, (index + 1) * ROWS_AT_ONCE),
  );
}

/**
 * The conditions that make documents have the words and the tag. A rare term is turned into the ids of its documents; a
 * common one is looked up for each document on the way through the newest, which soon has a page full.
 * @returns null when no document has them
 */
export async function searchConditions(
  sequelize: Sequelize,
  query: { q?: string | undefined; tag?: string | undefined },
): Promise<WhereOptions<DocumentRow>[] | null> {
  const terms = queryTerms(query);
  if (!terms) return null;
  const conditions: WhereOptions<DocumentRow>[] = [];
  let ids: string[] | null = null;
  for (const term of terms) {
    const few = await fewDocuments(sequelize, term);
    if (few) ids = ids ? ids.filter((id) => few.has(id)) : [...few];
    else conditions.push(literal(`EXISTS (${postings(sequelize, term)} AND t.document_id = document.id)`));
    if (ids?.length === 0) return null;
  }
  return ids ? [...conditions, { id: { [Op.in]: ids } }] : conditions;
}

async function fewDocuments(sequelize: Sequelize, term: QueryTerm): Promise<Set<string> | null> {
  const rows = await sequelize.query<{ id: string }>(`${postings(sequelize, term)} LIMIT ${FEW + 1}`, {
    type: QueryTypes.SELECT,
  });
  return rows.length > FEW ? null : new Set(rows.map(({ id }) => id));
}

function postings(sequelize: Sequelize, { text, prefix }: QueryTerm): string {
  const from = sequelize.escape(text);
  const match = prefix
    ? `t.term >= ${from} AND t.term < ${sequelize.escape(text + LAST)}`
    : `t.term = ${from}`;
  return `SELECT t.document_id AS id FROM document_terms AS t WHERE ${match}`;
}
