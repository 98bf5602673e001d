import type { DocumentQuery, DocumentRecord } from '.';
import type { Visibility } from '../sql';
import { phraseFilter } from './terms';

/** Documents that share an author, a visibility, or both; an index answers each by descending id. */
export interface Scope {
  authorId?: string;
  visibility?: Visibility;
}

/** What a viewer may see, in scopes that do not overlap. */
function scopesOf({ viewerId, authorId }: DocumentQuery): Scope[] {
  if (authorId !== undefined) {
    return [authorId === viewerId ? { authorId } : { authorId, visibility: 'public' }];
  }
  const everybody: Scope = { visibility: 'public' };
  return viewerId === null ? [everybody] : [everybody, { authorId: viewerId, visibility: 'private' }];
}

/**
 * A page of documents: the newest of every scope, and of those that have the words the ones that have the phrases.
 * @param fetch gives the newest of a scope below an id
 */
export async function readPage(
  query: DocumentQuery,
  fetch: (scope: Scope, page: { limit: number; before: string | null }) => Promise<DocumentRecord[]>,
): Promise<DocumentRecord[]> {
  const keep = phraseFilter(query.q);
  const found: DocumentRecord[] = [];
  let { before } = query;
  for (;;) {
    const page = { limit: query.limit, before };
    const parts = await Promise.all(scopesOf(query).map((scope) => fetch(scope, page)));
    const next = parts
      .flat()
      .sort((a, b) => (a.id < b.id ? 1 : -1))
      .slice(0, query.limit);
    found.push(...(keep ? next.filter(keep) : next));
    const last = next.at(-1);
    if (found.length >= query.limit || next.length < query.limit || !last) return found.slice(0, query.limit);
    before = last.id;
  }
}
