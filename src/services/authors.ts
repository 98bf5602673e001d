import type { SqlStore, UserRecord } from '../models/sql';

/** Users by their ids. */
export type Authors = Map<string, UserRecord>;

/** Everybody who wrote something on a page, in one query. */
export async function findAuthors(sql: SqlStore, written: { authorId: string }[]): Promise<Authors> {
  const ids = [...new Set(written.map(({ authorId }) => authorId))];
  return new Map((await sql.users.findMany(ids)).map((user) => [user.id, user]));
}
