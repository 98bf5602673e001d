import { literal, Op, QueryTypes, type Sequelize, type WhereOptions } from 'sequelize';
import { newestOf, type Scope, type SearchWindow } from '../reading';
import { queryTerms, type QueryTerm } from '../terms';
import type { DocumentRow } from './tables';

/** Of a term with fewer documents, their ids are the quickest way to what is asked for. */
const FEW = 1000;
/** Documents that a round looks through, of a scope or of a common term. */
const WINDOW = 2000;
/** Ids that one statement names. */
const MOST_IDS = 500;
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
  const conditions = common.map((term) => literal(hasTerm(sequelize, term, 'document.id')));
  if (rare) return { conditions, window: () => Promise.resolve({ edge: null, among: rare }) };
  if (common.length === 0) return { conditions, window: () => Promise.resolve(EVERYTHING) };
  // An author has fewer documents than a common term.
  const driver = query.authorId === undefined ? await driverOf(sequelize, common) : null;
  return driver
    ? { conditions: [], window: (_scopes, below) => windowOfTerms(sequelize, driver, below) }
    : { conditions, window: (scopes, below) => windowOfScopes(sequelize, scopes, below) };
}

/** @param id the column that has the id of the document */
function hasTerm(sequelize: Sequelize, term: QueryTerm, id: string): string {
  const match = matching(sequelize, term, 'o');
  return `EXISTS (SELECT 1 FROM document_terms AS o WHERE ${match} AND o.document_id = ${id})`;
}

async function fewDocuments(sequelize: Sequelize, term: QueryTerm): Promise<Set<string> | null> {
  const rows = await ids(
    sequelize,
    `SELECT t.document_id AS id FROM ${TERMS} WHERE ${matching(sequelize, term, 't')} LIMIT ${FEW + 1}`,
  );
  return rows.length > FEW ? null : new Set(rows);
}

/** One of the common terms by whose documents to go, and the others; null when each has too many endings. */
async function driverOf(
  sequelize: Sequelize,
  common: QueryTerm[],
): Promise<{ terms: string[]; others: QueryTerm[] } | null> {
  for (const term of [...common].sort((a, b) => Number(a.prefix) - Number(b.prefix))) {
    const terms = term.prefix ? await endingsOf(sequelize, term.text) : [term.text];
    if (terms) return { terms, others: common.filter((other) => other !== term) };
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
  { terms, others }: { terms: string[]; others: QueryTerm[] },
  below: string | null,
): Promise<SearchWindow> {
  const lower = below === null ? '' : `AND t.document_id < ${sequelize.escape(below)}`;
  const edges = await Promise.all(
    terms.map((term) =>
      ids(
        sequelize,
        `SELECT t.document_id AS id FROM ${TERMS} WHERE t.term = ${sequelize.escape(term)} ${lower} ORDER BY t.document_id DESC LIMIT 1 OFFSET ${WINDOW - 1}`,
      ),
    ),
  );
  // The highest one: above it, no term has more than a window full.
  const edge = newestOf(edges, 1)[0] ?? null;
  const upper = edge === null ? '' : `AND t.document_id >= ${sequelize.escape(edge)}`;
  const having = others.map((term) => `AND ${hasTerm(sequelize, term, 't.document_id')}`).join(' ');
  const among = await ids(
    sequelize,
    `SELECT DISTINCT t.document_id AS id FROM ${TERMS} WHERE t.term IN (${terms.map((term) => sequelize.escape(term)).join()}) ${lower} ${upper} ${having} ORDER BY t.document_id DESC LIMIT ${MOST_IDS}`,
  );
  return { among, edge: among.length < MOST_IDS ? edge : (among.at(-1) ?? null) };
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

function matching(sequelize: Sequelize, { text, prefix }: QueryTerm, table: string): string {
  const from = sequelize.escape(text);
  return prefix
    ? `${table}.term >= ${from} AND ${table}.term < ${sequelize.escape(text + LAST)}`
    : `${table}.term = ${from}`;
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
