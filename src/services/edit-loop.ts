import { Conflict, PreconditionFailed } from '../errors';

/** The versions that a client is willing to change, from `If-Match`; null for any. */
export type ExpectedVersions = readonly number[] | null;

/** Each lost turn is one that somebody else won. */
const MOST_TURNS = 1000;

/** @throws `PreconditionFailed` when it is at none of those versions */
export function requireVersion(expected: ExpectedVersions, { version }: { version: number }): void {
  if (expected === null || expected.includes(version)) return;
  throw new PreconditionFailed(`It was changed meanwhile and is at version ${version} now.`);
}

/**
 * Reads, decides and writes by compare-and-set until nobody else came in between.
 * @param turn returns null when somebody did
 */
export async function untilDone<T>(turn: () => Promise<T | null>): Promise<T> {
  for (let turns = 0; turns < MOST_TURNS; turns += 1) {
    const done = await turn();
    if (done !== null) return done;
  }
  throw new Conflict('Too many change it at once; try again in a moment.', {
    headers: { 'Retry-After': '1' },
  });
}
