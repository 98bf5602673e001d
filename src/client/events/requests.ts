import type { Answer, Outgoing } from '../platform/platform';
import type { Problem } from '../types';
import type { Group } from './groups';
import type { Asking, Ended } from './transport';

const API = '/api/v1';
/** Answers that are about these topics and this client, not about the moment. */
const REFUSALS = [400, 401, 403, 404];

export const NO_ANSWER: Problem = { code: 'network', detail: 'There is no connection to the server.' };
export const TOO_LATE: Problem = { code: 'timeout', detail: 'The server does not answer.' };

/** A request for events of a group. */
export function eventsRequest(
  { base, token }: Pick<Asking, 'base' | 'token'>,
  path: '/events' | '/events/stream',
  { topics, after }: Group,
  more = '',
): Outgoing {
  const cursor = after === undefined ? '' : `&after=${encodeURIComponent(after)}`;
  const query = `topics=${topics.map(encodeURIComponent).join(',')}${cursor}${more}`;
  return { method: 'GET', url: `${base}${API}${path}?${query}`, headers: authorization(token) };
}

export function ticketRequest({ base, token }: Pick<Asking, 'base' | 'token'>): Outgoing {
  return { method: 'POST', url: `${base}${API}/events/tickets`, headers: authorization(token) };
}

export function socketUrl(base: string, ticket: string | null): string {
  const query = ticket === null ? '' : `?ticket=${encodeURIComponent(ticket)}`;
  return `${base.replace(/^http/, 'ws')}${API}/events/ws${query}`;
}

export function authorization(token: string | null): Record<string, string> {
  return token === null ? {} : { Authorization: `Bearer ${token}` };
}

/** What an answer that is none of 200 means for whoever wanted to follow a group. */
export function endedBy(answer: Answer, token: string | null, group: Group | null): Ended {
  const problem = problemOf(answer.text);
  // Proxies and portals answer too, in words of their own.
  if (!problem) return { how: 'broken', problem: NO_ANSWER };
  if (answer.status === 401 && token !== null) return { how: 'renew', problem };
  if (REFUSALS.includes(answer.status))
    return group ? { how: 'refused', problem, group } : { how: 'never', problem };
  const seconds = Number(answer.header('retry-after'));
  return { how: 'later', problem, ...(seconds > 0 && { afterMs: seconds * 1000 }) };
}

/** RFC 9457, with the code that our server adds. */
function problemOf(text: string): Problem | null {
  const { code, detail } = (parsed(text) ?? {}) as Partial<Record<'code' | 'detail', unknown>>;
  return typeof code === 'string' ? { code, detail: typeof detail === 'string' ? detail : code } : null;
}

/** @returns undefined for what is no JSON */
export function parsed(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined;
  }
}
