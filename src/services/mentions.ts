import type { SqlStore } from '../models/sql';
import { foldUsername } from './accounts';
import { PASSWORD } from './password-change';

const MOST_MENTIONS = 20;

/**
 * The names that a text mentions: `@name` that is no part of a word or an address, outside of code. At most twenty.
 * @returns folded, each once
 */
export function mentionedNames(text: string): string[] {
  const prose = text.replace(/```[^]*?(?:```|$)|`[^`\n]*`/g, ' ');
  const names = [...prose.matchAll(/(?<![\p{L}\p{N}_@./-])@([\p{L}\p{N}_][\p{L}\p{N}_.-]{0,255})/gu)].map(
    ([, name = '']) => foldUsername(name.replace(/[.-]+$/, '')),
  );
  return [...new Set(names)].slice(0, MOST_MENTIONS);
}

/** The ids of the users who are mentioned and exist. */
export async function findMentioned(sql: SqlStore, text: string): Promise<string[]> {
  const found = await Promise.all(mentionedNames(text).map((name) => sql.identities.find(PASSWORD, name)));
  return found.flatMap((identity) => (identity ? [identity.userId] : []));
}
