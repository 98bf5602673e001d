import type { Call, Platform } from '../platform/platform';
import type { Problem } from '../types';
import type { Group } from './groups';
import { endedBy, eventsRequest } from './requests';
import type { Ended } from './transport';

/** Of a request that only asks. */
const PATIENCE_MS = 10_000;

export interface ProbeOptions {
  platform: Platform;
  base: string;
  token: string | null;
  /** Given each request, so that it can be cancelled. */
  onCall: (call: Call) => void;
}

/**
 * Finds out which topics of a group are refused, since a refusal of many does not say: each is asked for on its own.
 * @throws when there is no answer
 */
export async function findRefused(
  options: ProbeOptions,
  group: Group,
): Promise<{ topic: string; problem: Problem }[]> {
  const refused: { topic: string; problem: Problem }[] = [];
  for (const topic of [...group.topics]) {
    const ended = await ask(options, { topics: [topic], after: undefined });
    if (ended?.how === 'refused') refused.push({ topic, problem: ended.problem });
  }
  return refused;
}

/** Whether the server can be asked for events at all: if so, it is the transport that does not get through. */
export type Reach = 'reachable' | 'unreachable' | 'refuses the token';

export async function lookFor(options: ProbeOptions, group: Group): Promise<Reach> {
  try {
    const ended = await ask(options, group);
    if (ended?.how === 'renew') return 'refuses the token';
    return ended === null || ended.how === 'refused' ? 'reachable' : 'unreachable';
  } catch {
    return 'unreachable';
  }
}

/** @returns null when events can be had */
async function ask({ platform, base, token, onCall }: ProbeOptions, group: Group): Promise<Ended | null> {
  const call = platform.request(eventsRequest({ base, token }, '/events', group, '&wait=0'));
  onCall(call);
  const stop = platform.timers.after(PATIENCE_MS, call.cancel);
  try {
    const answer = await call.answer;
    return answer.status === 200 ? null : endedBy(answer, token, group);
  } finally {
    stop();
  }
}
