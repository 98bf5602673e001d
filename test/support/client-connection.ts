import { connectOn } from '../../src/client/events/connect';
import type { EventConnection } from '../../src/client/events/connection';
import type { ConnectionState, ConnectOptions, FerryEvent, Problem } from '../../src/client/types';
import { FakePlatform, settled } from './client-platform';

export let platform: FakePlatform;
export let events: string[];
export let gaps: string[][];
export let states: ConnectionState[];
export let problems: [Problem, readonly string[]][];
const opened: EventConnection[] = [];

/** Forgets what was before. */
export function beginAnew(): void {
  platform = new FakePlatform();
  events = [];
  gaps = [];
  states = [];
  problems = [];
}

beforeEach(beginAnew);

afterEach(() => {
  for (const connection of opened.splice(0)) connection.close();
});

export async function open(options: Partial<ConnectOptions> = {}): Promise<EventConnection> {
  const connection = connectOn(platform, {
    topics: ['documents'],
    onEvent: ({ id }) => events.push(id),
    onGap: (topics) => gaps.push([...topics]),
    onState: (state) => states.push(state),
    onProblem: (problem, topics) => problems.push([problem, topics]),
    ...options,
  });
  opened.push(connection);
  await settled();
  return connection;
}

export const event = (id: string, topic = 'documents') =>
  ({ id, topic, type: 'document.created', data: {}, time: '' }) as unknown as FerryEvent;

/** The WebSocket is there and subscribed. */
export async function live(next = 'c0', recovered = true): Promise<void> {
  platform.lastSocket.open();
  platform.lastSocket.say({ op: 'ready', next, recovered });
  await settled();
}

/** Time goes on, and what follows from it. */
export async function pass(milliseconds: number): Promise<void> {
  platform.timers.pass(milliseconds);
  await settled();
}

/** The server can be asked, so that it is the transport that does not work. */
export async function reachable(): Promise<void> {
  await settled();
  platform.lastRequest.answer(200, { events: [], next: 'x', recovered: true });
  await settled();
}

export const unreachable = async (): Promise<void> => {
  await settled();
  platform.lastRequest.fail();
  await settled();
};

/** A token provider of the test, with what it was asked for. */
export function provider(tokens: (string | null)[]) {
  const asked: boolean[] = [];
  const getAccessToken = ({ forceRefresh }: { forceRefresh: boolean }): Promise<string | null> => {
    asked.push(forceRefresh);
    return Promise.resolve(
      forceRefresh ? (tokens[asked.filter(Boolean).length] ?? null) : (tokens[0] ?? null),
    );
  };
  return { asked, getAccessToken };
}
