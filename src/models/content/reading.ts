import type { ContentPage, DocumentQuery, DocumentRecord } from '.';
import type { Visibility } from '../sql';
import { phraseFilter } from './terms';

/** Rounds of one search, of which each looks through one window; then its page ends, however short it is. */
const MOST_ROUNDS = 10;
/** Texts that a round reads at most to look for phrases in them. */
const TEXTS = 50;

/** Documents that an index answers by descending id. */
export interface Scope {
  authorId?: string;
  visibility: Visibility;
}

/** Where one round of a search looks. */
export interface SearchWindow {
  /** The lowest id that it looks at; null when it looks at all that are left. */
  edge: string | null;
  /** Only among these ids; null for any. */
  among: string[] | null;
}

/** What a form of the store knows to do for lists. */
export interface ListSource {
  /** The part of the scopes below an id that a round can look through. */
  window(scopes: Scope[], below: string | null): Promise<SearchWindow>;
  /** Ids of the newest of a scope, within the window, that have the words. */
  find(scope: Scope, part: SearchWindow & { below: string | null; limit: number }): Promise<string[]>;
  read: ReadDocuments;
}

/**
 * Reads documents by descending id, and no more than the one with which they have so many bytes. Those that are gone are
 * left out.
 * @returns as `last` the id of the last one that was looked at
 */
export type ReadDocuments = (
  ids: string[],
  bytes: number,
) => Promise<{ documents: DocumentRecord[]; last: string | null }>;

/** What a viewer may see, in scopes that do not overlap. */
export function scopesOf({ viewerId, authorId }: Pick<DocumentQuery, 'viewerId' | 'authorId'>): Scope[] {
  if (authorId !== undefined) {
    const open: Scope = { authorId, visibility: 'public' };
    return authorId === viewerId ? [open, { authorId, visibility: 'private' }] : [open];
  }
  const everybody: Scope = { visibility: 'public' };
  return viewerId === null ? [everybody] : [everybody, { authorId: viewerId, visibility: 'private' }];
}

/** Bytes of what of a record is long. */
export function bytesOf({ body, html }: { body: string; html: string }): number {
  return Buffer.byteLength(body) + Buffer.byteLength(html);
}

/** How many of these sizes there are up to the one with which their sum reaches `bytes`. */
export function countWithin(sizes: number[], bytes: number): number {
  let sum = 0;
  const reached = sizes.findIndex((size) => (sum += size) >= bytes);
  return reached < 0 ? sizes.length : reached + 1;
}

/** The ids of several lists by descending id. */
export function newestOf(lists: string[][], limit: number): string[] {
  return [...new Set(lists.flat())].sort((a, b) => (a < b ? 1 : -1)).slice(0, limit);
}

/** A page of documents: the newest of every scope, and of those that have the words the ones that have the phrases. */
export async function readPage(
  query: DocumentQuery,
  source: ListSource,
): Promise<ContentPage<DocumentRecord>> {
  const scopes = scopesOf(query);
  const hasPhrases = phraseFilter(query.q);
  const items: DocumentRecord[] = [];
  let below = query.before;
  let bytes = query.bytes;
  for (let round = 1; ; round += 1) {
    const window = await source.window(scopes, below);
    const missing = query.limit - items.length;
    const wanted = hasPhrases ? Math.max(missing, TEXTS) : missing;
    const part = { ...window, below, limit: wanted + 1 };
    const found = newestOf(await Promise.all(scopes.map((scope) => source.find(scope, part))), wanted + 1);
    const ids = found.slice(0, wanted);
    const { documents, last } = await source.read(ids, bytes);
    // Between the two statements somebody may have closed or deleted one.
    const shown = documents.filter((one) => scopes.some((scope) => isIn(scope, one)));
    const kept = (hasPhrases ? shown.filter(hasPhrases) : shown).slice(0, missing);
    items.push(...kept);
    bytes -= kept.reduce((sum, one) => sum + bytesOf(one), 0);
    const isFull = items.length >= query.limit;
    if (isFull && kept.at(-1)?.id !== found.at(-1)) return { items, next: items.at(-1)?.id ?? null };
    const isLookedThrough = last === (found.at(-1) ?? null);
    if (isLookedThrough && window.edge === null) return { items, next: null };
    below = isLookedThrough ? window.edge : last;
    if (isFull || bytes <= 0 || round >= MOST_ROUNDS) return { items, next: below };
  }
}

function isIn({ authorId, visibility }: Scope, document: DocumentRecord): boolean {
  if (authorId !== undefined && document.authorId !== authorId) return false;
  return document.visibility === visibility && document.deletedAt === null;
}
