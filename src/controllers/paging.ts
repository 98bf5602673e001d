import type { Page } from '../models/sql';

/** A page that a client asks for, and what is fetched to answer: one more, which tells whether there is a next page. */
interface RequestedPage {
  limit: number;
  wanted: Page;
}

export function pageFrom(query: { limit: number; cursor?: string | undefined }): RequestedPage {
  return { limit: query.limit, wanted: { limit: query.limit + 1, before: query.cursor ?? null } };
}

/** The answer to a list call; the cursor is the id of the last item shown. */
export function presentPage<R, T extends { id: string }>(
  records: R[],
  { limit }: RequestedPage,
  present: (record: R) => T,
): { items: T[]; nextCursor: string | null } {
  const items = records.slice(0, limit).map(present);
  const last = items.at(-1);
  return { items, nextCursor: records.length > limit && last ? last.id : null };
}

/** The answer to a list call of which the store says where it goes on: a page may be short without being the last. */
export function presentPart<R, T>(
  { items, next }: { items: R[]; next: string | null },
  present: (record: R) => T,
): { items: T[]; nextCursor: string | null } {
  return { items: items.map(present), nextCursor: next };
}
