import { matchesStrongly, matchesWeakly, parseEntityTag, parseEntityTags } from './entity-tags';
import type { FieldLines } from './fields';
import { parseHttpDate, toSeconds } from './http-dates';

/** What the conditions of a request are held against. */
export interface Validators {
  /** With its quotes. Resuming needs a strong one: with a weak one (`W/`) a tag in If-Match or If-Range never matches. */
  etag: string;
  lastModified: Date;
}

/** A request's conditions and what they are about. */
export interface Conditional {
  method: string;
  headers: FieldLines;
  validators: Validators;
  now: Date;
}

/** A date that is repeated, a list or malformed counts as not sent (RFC 9110 §13.1.3 and §13.1.4). */
function dateOf(lines: readonly string[] | undefined, now: Date): Date | null {
  return lines?.length === 1 ? parseHttpDate(lines[0] ?? '', now) : null;
}

/** A malformed list has no tag in it that could match: If-Match fails, If-None-Match holds. Neither is unsafe. */
function anyMatches(
  lines: readonly string[],
  etag: string,
  matches: (tag: string, etag: string) => boolean,
): boolean {
  const tags = parseEntityTags(lines);
  return tags === '*' || (tags?.some((tag) => matches(tag, etag)) ?? false);
}

/** RFC 9110 §13.1.1 and, where there is no If-Match, §13.1.4. */
function isStillAsKnown({ headers, validators, now }: Conditional): boolean {
  const ifMatch = headers['if-match'];
  if (ifMatch) return anyMatches(ifMatch, validators.etag, matchesStrongly);
  const since = dateOf(headers['if-unmodified-since'], now);
  return since === null || toSeconds(validators.lastModified) <= toSeconds(since);
}

/** RFC 9110 §13.1.2 and, where there is no If-None-Match and the method reads, §13.1.3. */
function isNewToClient({ method, headers, validators, now }: Conditional): boolean {
  const ifNoneMatch = headers['if-none-match'];
  if (ifNoneMatch) return !anyMatches(ifNoneMatch, validators.etag, matchesWeakly);
  if (method !== 'GET' && method !== 'HEAD') return true;
  const since = dateOf(headers['if-modified-since'], now);
  return since === null || toSeconds(validators.lastModified) > toSeconds(since);
}

/**
 * Evaluates If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since in the order of RFC 9110 §13.2.2, for
 * a resource that exists and a request that would otherwise succeed, with any method.
 *
 * @returns `failed` is 412, `not-modified` is 304 (GET and HEAD only)
 */
export function evaluatePreconditions(request: Conditional): 'proceed' | 'failed' | 'not-modified' {
  if (!isStillAsKnown(request)) return 'failed';
  if (isNewToClient(request)) return 'proceed';
  return request.method === 'GET' || request.method === 'HEAD' ? 'not-modified' : 'failed';
}

/**
 * Evaluates If-Range (RFC 9110 §13.1.5): whether Range counts. It does without an If-Range. A date is good only when
 * it is exactly Last-Modified and strong (§8.8.2.2): the second that it names must be over, or the content could
 * still change within it.
 */
export function ifRangeHolds({ headers, validators, now }: Omit<Conditional, 'method'>): boolean {
  const lines = headers['if-range'];
  if (!lines) return true;
  if (lines.length !== 1) return false;
  const value = lines[0] ?? '';
  const tag = parseEntityTag(value);
  if (tag !== null) return matchesStrongly(tag, validators.etag);
  const date = parseHttpDate(value, now);
  if (date === null) return false;
  const lastModified = toSeconds(validators.lastModified);
  return toSeconds(date) === lastModified && lastModified < toSeconds(now);
}
