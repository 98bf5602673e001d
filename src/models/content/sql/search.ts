import { literal, Op, QueryTypes, type Sequelize, type WhereOptions } from 'sequelize';
import { newestOf, type Scope, type SearchWindow } from '../reading';
import { queryTerms, type QueryTerm } from '../terms';
import type { DocumentRow } from './tables';

/** Of a term with fewer documents, their ids are the quickest way to what is asked for. */
const FEW = 1000;
/** Documents that a round looks through to find those with common terms. */
const WINDOW = 2000;
/** Documents of a common term that a round takes. */
const POSTINGS = 500;
/** A beginning of so many terms is too many to take the documents of each. */
const MOST_ENDINGS = 8;
/** Comes after whatever begins like the text before it. */
const LAST = '\u{10ffff}';
const TERMS = 'document_terms AS t';

/** What a query looks for, in the terms of the tables. */
export interface Search {
  conditions: WhereOptions<DocumentRow>[];
  window: (scopes: Scope[], below: string | null) => Promise<SearchWindow>;
}

const EVERYTHING: SearchWindow = { edge: null, among: null };

/**
 * A rare term is turned into the ids of its documents. A common one is looked up for each document of a window: of the
 * newest documents of another common term, or where there is none to go by, of the newest of a scope.
 * @returns null when no document has what is looked for
 */
export async function searchFor(
  sequelize: Sequelize,
  query: { q?: string | undefined; tag?: string | undefined; authorId?: string | undefined },
): Promise<Search | null> {
  const terms = queryTerms(query);
  if (!terms) return null;
  const common: QueryTerm[] = [];
  let rare: string[] | null = null;
  for (const term of terms) {
    const few = await fewDocuments(sequelize, term);
    if (!few) common.push(term);
    else rare = rare ? rare.filter((id) => few.has(id)) : [...few];
    if (rare?.length === 0) return null;
  }
  const conditions = common.map((term) => hasTerm(sequelize, term));
  if (rare) return { conditions, window: () => Promise.resolve({ edge: null, among: rare }) };
  if (common.length === 0) return { conditions, window: () => Promise.resolve(EVERYTHING) };
  // An author has fewer documents than a common term.
  const driver = query.authorId === undefined ? await driverOf(sequelize, common) : null;
  return {
    conditions,
    window: (scopes, below) =>
      driver ? windowOfTerms(sequelize, driver, below) : windowOfScopes(sequelize, scopes, below),
  };
}

function hasTerm(sequelize: Sequelize, term: QueryTerm) {
  return literal(
    `EXISTS (SELECT 1 FROM ${TERMS} WHERE ${matching(sequelize, term)} AND t.document_id = document.id)`,
  );
}

async function fewDocuments(sequelize: Sequelize, term: QueryTerm): Promise<Set<string> | null> {
  const rows = await ids(
    sequelize,
    `SELECT t.document_id AS id FROM ${TERMS} WHERE ${matching(sequelize, term)} LIMIT ${FEW + 1}`,
  );
  return rows.length > FEW ? null : new Set(rows);
}

/** The terms by which to go through the documents of one of the common ones; null when each has too many endings. */
async function driverOf(sequelize: Sequelize, common: QueryTerm[]): Promise<string[] | null> {
  const exact = common.find(({ prefix }) => !prefix);
  if (exact) return [exact.text];
  for (const { text } of common) {
    const endings = await endingsOf(sequelize, text);
    if (endings) return endings;
  }
  return null;
}

async function endingsOf(sequelize: Sequelize, beginning: string): Promise<string[] | null> {
  const endings: string[] = [];
  let above = `t.term >= ${sequelize.escape(beginning)}`;
  // Each is the first one after the one before, which an index answers in one step.
  for (;;) {
    const [term] = await ids(
      sequelize,
      `SELECT t.term AS id FROM ${TERMS} WHERE ${above} ORDER BY t.term LIMIT 1`,
    );
    if (!term?.startsWith(beginning)) return endings;
    if (endings.length >= MOST_ENDINGS) return null;
    endings.push(term);
    above = `t.term > ${sequelize.escape(term)}`;
  }
}

async function windowOfTerms(
  sequelize: Sequelize,
  terms: string[],
  below: string | null,
): Promise<SearchWindow> {
  const lower = below === null ? '' : `AND t.document_id < ${sequelize.escape(below)}`;
  const lists = await Promise.all(
    terms.map((term) =>
      ids(
        sequelize,
        `SELECT t.document_id AS id FROM ${TERMS} WHERE t.term = ${sequelize.escape(term)} ${lower} ORDER BY t.document_id DESC LIMIT ${POSTINGS}`,
      ),
    ),
  );
  const among = newestOf(lists, POSTINGS);
  const isEnd = lists.every((list) => list.length < POSTINGS) && new Set(lists.flat()).size <= POSTINGS;
  return { among, edge: isEnd ? null : (among.at(-1) ?? null) };
}

async function windowOfScopes(
  sequelize: Sequelize,
  scopes: Scope[],
  below: string | null,
): Promise<SearchWindow> {
  const lower = below === null ? '' : `AND d.id < ${sequelize.escape(below)}`;
  const edges = await Promise.all(
    scopes.map(({ authorId, visibility }) => {
      const author = authorId === undefined ? '' : `d.author_id = ${sequelize.escape(authorId)} AND`;
      return ids(
        sequelize,
        `SELECT d.id AS id FROM documents AS d WHERE ${author} d.visibility = ${sequelize.escape(visibility)} AND d.deleted_at IS NULL ${lower} ORDER BY d.id DESC LIMIT 1 OFFSET ${WINDOW - 1}`,
      );
    }),
  );
  // The highest one: above it, no scope has more than a window full.
  return { among: null, edge: newestOf(edges, 1)[0] ?? null };
}

async function ids(sequelize: Sequelize, sql: string): Promise<string[]> {
  const rows = await sequelize.query<{ id: string }>(sql, { type: QueryTypes.SELECT });
  return rows.map(({ id }) => id);
}

function matching(sequelize: Sequelize, { text, prefix }: QueryTerm): string {
  const from = sequelize.escape(text);
  return prefix
    ? `t.term >= ${from} AND t.term < ${sequelize.escape(text + LAST)}`
    : `t.term = ${from}`;
}

/** The part of a list that a window leaves. */
export function withinWindow({
  edge,
  among,
  below,
}: SearchWindow & { below: string | null }): WhereOptions<DocumentRow>[] {
  return [
    ...(below === null ? [] : [{ id: { [Op.lt]: below } }]),
    ...(edge === null ? [] : [{ id: { [Op.gte]: edge } }]),
    ...(among === null ? [] : [{ id: { [Op.in]: among } }]),
  ];
}
