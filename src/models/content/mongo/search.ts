import type { QueryFilter } from 'mongoose';
import { newestOf, type Scope, type SearchWindow } from '../reading';
import { queryTerms, type QueryTerm } from '../terms';
import { SCOPE_INDEXES, type Collections, type StoredDocument } from './schemas';

type Filter = QueryFilter<StoredDocument>;

/** Of a term with fewer documents, their ids are the quickest way to what is asked for. */
const FEW = 1000;
/** Documents that a round looks through to find those with common terms. */
const WINDOW = 2000;
/** Documents of a common term that a round takes. */
const POSTINGS = 500;

/** What a query looks for, in the terms of the collection. */
export interface Search {
  filters: Filter[];
  window: (scopes: Scope[], below: string | null) => Promise<SearchWindow>;
}

const EVERYTHING: SearchWindow = { edge: null, among: null };

/**
 * A rare term is turned into the ids of its documents. A common one is looked up for each document of a window: of the
 * newest documents of another common term, or where there is none to go by, of the newest of a scope.
 * @returns null when no document has what is looked for
 */
export async function searchFor(
  documents: Collections['documents'],
  query: { q?: string | undefined; tag?: string | undefined; authorId?: string | undefined },
): Promise<Search | null> {
  const terms = queryTerms(query);
  if (!terms) return null;
  const common: QueryTerm[] = [];
  let rare: string[] | null = null;
  for (const term of terms) {
    const few = await idsOf(documents.find(termFilter(term), { _id: 1 }).limit(FEW + 1));
    if (few.length > FEW) common.push(term);
    else rare = rare ? rare.filter((id) => few.includes(id)) : few;
    if (rare?.length === 0) return null;
  }
  const filters = common.map(termFilter);
  if (rare) return { filters, window: () => Promise.resolve({ edge: null, among: rare }) };
  if (common.length === 0) return { filters, window: () => Promise.resolve(EVERYTHING) };
  // An author has fewer documents than a common term; and the documents of many terms come in no order.
  const driver = query.authorId === undefined ? common.find(({ prefix }) => !prefix) : undefined;
  return {
    filters,
    window: (scopes, below) =>
      driver ? windowOfTerm(documents, driver, below) : windowOfScopes(documents, scopes, below),
  };
}

async function windowOfTerm(
  documents: Collections['documents'],
  { text }: QueryTerm,
  below: string | null,
): Promise<SearchWindow> {
  const filter: Filter = { terms: text, ...(below !== null && { _id: { $lt: below } }) };
  const among = await idsOf(documents.find(filter, { _id: 1 }).sort({ _id: -1 }).limit(POSTINGS));
  return { among, edge: among.length < POSTINGS ? null : (among.at(-1) ?? null) };
}

async function windowOfScopes(
  documents: Collections['documents'],
  scopes: Scope[],
  below: string | null,
): Promise<SearchWindow> {
  const edges = await Promise.all(
    scopes.map((scope) => {
      const filter: Filter = { ...scope, deletedAt: null, ...(below !== null && { _id: { $lt: below } }) };
      return idsOf(
        documents
          .find(filter, { _id: 1 })
          .sort({ _id: -1 })
          .skip(WINDOW - 1)
          .limit(1),
      );
    }),
  );
  // The highest one: above it, no scope has more than a window full.
  return { among: null, edge: newestOf(edges, 1)[0] ?? null };
}

/** Ids of the newest of a scope that a search leaves, within a window. */
export function newestIn(
  documents: Collections['documents'],
  scope: Scope,
  filters: Filter[],
  { edge, among, below, limit }: SearchWindow & { below: string | null; limit: number },
): Promise<string[]> {
  const ids: Filter[] = [
    ...(below === null ? [] : [{ _id: { $lt: below } }]),
    ...(edge === null ? [] : [{ _id: { $gte: edge } }]),
    ...(among === null ? [] : [{ _id: { $in: among } }]),
  ];
  const found = documents
    .find({ $and: [{ ...scope, deletedAt: null }, ...filters, ...ids] }, { _id: 1 })
    .sort({ _id: -1 })
    .limit(limit);
  // Else the documents of all terms with a beginning might be read to be sorted.
  return idsOf(
    among === null ? found.hint(SCOPE_INDEXES[scope.authorId === undefined ? 'all' : 'author']) : found,
  );
}

async function idsOf(found: { lean(): PromiseLike<unknown> }): Promise<string[]> {
  return ((await found.lean()) as { _id: string }[]).map(({ _id }) => _id);
}

/** Terms to begin with consist of letters and digits: nothing in them means anything to a pattern. */
function termFilter({ text, prefix }: QueryTerm): Filter {
  return { terms: prefix ? { $regex: `^${text}` } : text };
}
