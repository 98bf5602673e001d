import { connectOn } from '../../../src/client/events/connect';
import type { EventConnection } from '../../../src/client/events/connection';
import type { ConnectionState, ConnectOptions, FerryEvent, Problem } from '../../../src/client/types';
import { FakePlatform, settled } from '../../support/client-platform';

let platform: FakePlatform;
let events: string[];
let gaps: string[][];
let states: ConnectionState[];
let problems: [Problem, readonly string[]][];
const opened: EventConnection[] = [];

beforeEach(() => {
  platform = new FakePlatform();
  events = [];
  gaps = [];
  states = [];
  problems = [];
});

afterEach(() => {
  for (const connection of opened.splice(0)) connection.close();
});

async function open(options: Partial<ConnectOptions> = {}): Promise<EventConnection> {
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

const event = (id: string, topic = 'documents') =>
  ({ id, topic, type: 'document.created', data: {}, time: '' }) as unknown as FerryEvent;

/** The WebSocket is there and subscribed. */
async function live(next = 'c0', recovered = true): Promise<void> {
  platform.lastSocket.open();
  platform.lastSocket.say({ op: 'ready', next, recovered });
  await settled();
}

/** Time goes on, and what follows from it. */
async function pass(milliseconds: number): Promise<void> {
  platform.timers.pass(milliseconds);
  await settled();
}

/** The server can be asked, so that it is the transport that does not work. */
async function reachable(): Promise<void> {
  await settled();
  platform.lastRequest.answer(200, { events: [], next: 'x', recovered: true });
  await settled();
}

const unreachable = async (): Promise<void> => {
  await settled();
  platform.lastRequest.fail();
  await settled();
};

/** A token provider of the test, with what it was asked for. */
function provider(tokens: (string | null)[]) {
  const asked: boolean[] = [];
  const getAccessToken = ({ forceRefresh }: { forceRefresh: boolean }): Promise<string | null> => {
    asked.push(forceRefresh);
    return Promise.resolve(
      forceRefresh ? (tokens[asked.filter(Boolean).length] ?? null) : (tokens[0] ?? null),
    );
  };
  return { asked, getAccessToken };
}

describe('a connection', () => {
  it('follows its topics over a WebSocket, and tells how it is', async () => {
    const connection = await open();
    expect(platform.lastSocket.url).toBe('wss://ferry.example/api/v1/events/ws');
    await live();
    platform.lastSocket.say({ op: 'event', event: event('e1') });
    platform.lastSocket.say({ op: 'event', event: event('e2') });
    expect(platform.lastSocket.sent).toEqual([{ op: 'subscribe', topics: ['documents'] }]);
    expect([events, connection.cursor, gaps]).toEqual([['e1', 'e2'], 'e2', []]);
    expect(states).toEqual([
      { phase: 'connecting', transport: 'websocket' },
      { phase: 'live', transport: 'websocket' },
    ]);
  });

  it('comes back after what it has got last, and takes nothing twice', async () => {
    await open({ after: 'c9' });
    expect(platform.lastSocket.sent).toEqual([]);
    await live();
    const first = platform.lastSocket;
    expect(first.sent[0]).toMatchObject({ after: 'c9' });
    first.say({ op: 'event', event: event('e1') });
    first.end(4200, 'restart');
    await pass(1000);
    expect(platform.sockets).toHaveLength(2);
    await live('e1');
    expect(platform.lastSocket.sent[0]).toMatchObject({ after: 'e1' });
    platform.lastSocket.say({ op: 'event', event: event('e1') });
    first.onmessage?.({ data: JSON.stringify({ op: 'event', event: event('e1-late') }) });
    platform.lastSocket.say({ op: 'event', event: event('e2') });
    expect([events, gaps]).toEqual([['e1', 'e2'], []]);
  });

  it('tells of a gap, whether it comes back or is told meanwhile', async () => {
    const connection = await open({ after: 'old' });
    await live('n1', false);
    platform.lastSocket.say({ op: 'ready', next: 'n2', recovered: false });
    expect([gaps, connection.cursor]).toEqual([[['documents'], ['documents']], 'n2']);
  });

  it.each([
    ['4000', 'closed', 4000],
    ['4001', 'closed', 4001],
    ['4002 without another token', 'closed', 4002],
    ['4100', 'waiting', 4100],
    ['4101', 'waiting', 4101],
    ['4102', 'waiting', 4102],
    ['4103', 'waiting', 4103],
    ['4200', 'waiting', 4200],
    ['4201', 'waiting', 4201],
  ])('after a close with %s is %s', async (_name, phase, code) => {
    const connection = await open();
    await live();
    platform.lastSocket.end(code, 'reason');
    await settled();
    expect(connection.state).toMatchObject({ phase, problem: { code: 'reason' } });
    await pass(60_000);
    expect(platform.sockets).toHaveLength(phase === 'closed' ? 1 : 2);
  });

  it('waits longer each time, never beyond the bound, and by chance', async () => {
    const waits: number[] = [];
    await open({ transports: ['websocket'], onState: (s) => s.phase === 'waiting' && waits.push(s.forMs) });
    for (const chance of [1, 1, 1, 1, 1, 1, 0.5, 0]) {
      platform.chance = chance;
      platform.lastSocket.end(1006);
      await settled();
      await pass(30_000);
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 15_000, 0]);
    // What holds for a while is taken to work.
    await live();
    await pass(10_000);
    platform.chance = 1;
    platform.lastSocket.end(1006);
    await settled();
    expect(waits.at(-1)).toBe(1000);
  });

  it('is over after a close in any state, once', async () => {
    for (const stage of ['token', 'handshake', 'subscribing', 'live', 'waiting']) {
      platform = new FakePlatform();
      states = [];
      let give: (token: string) => void = () => undefined;
      const getAccessToken = () => new Promise<string>((resolve) => (give = resolve));
      const connection = await open(stage === 'token' ? { getAccessToken } : {});
      if (stage !== 'token' && stage !== 'handshake') platform.lastSocket.open();
      if (stage === 'live' || stage === 'waiting') await live();
      if (stage === 'waiting') platform.lastSocket.end(4100);
      connection.close();
      connection.close();
      give('late');
      connection.subscribe(['user:1']);
      await pass(600_000);
      expect(platform.sockets.length).toBe(stage === 'token' ? 0 : 1);
      expect(platform.sockets.every(({ isClosed }) => isClosed)).toBe(true);
      expect(states.filter(({ phase }) => phase === 'closed')).toEqual([{ phase: 'closed', problem: null }]);
      expect(platform.network).toBeNull();
    }
  });

  it('is not disturbed by exceptions of the application', async () => {
    await open({
      onEvent: () => {
        throw new Error('of the application');
      },
    });
    await live();
    platform.lastSocket.say({ op: 'event', event: event('e1') });
    expect(() => platform.timers.pass(0)).toThrow('of the application');
    expect(platform.lastSocket.isClosed).toBe(false);
  });

  it('can be closed by whoever gets an event, in the middle of many', async () => {
    const connection: EventConnection = await open({
      transports: ['short-poll'],
      onEvent: ({ id }) => {
        events.push(id);
        connection.close();
      },
    });
    platform.lastRequest.answer(200, { events: [event('e1'), event('e2')], next: 'e2', recovered: true });
    await settled();
    expect([events, connection.cursor]).toEqual([['e1'], 'e1']);
  });
});

describe('transports', () => {
  const transportOf = (connection: EventConnection) => (connection.state as { transport?: string }).transport;

  it('are left for the next one after two failures, and the better one is tried later', async () => {
    const connection = await open();
    platform.lastSocket.end(1006);
    await reachable();
    expect(connection.state.phase).toBe('waiting');
    await pass(1000);
    platform.lastSocket.end(1006);
    await reachable();
    expect(transportOf(connection)).toBe('sse');
    expect(platform.streams).toHaveLength(1);
    // One that never begins, as behind a proxy that keeps it all back.
    for (let tries = 0; tries < 2; tries += 1) {
      await pass(15_000);
      expect(platform.lastStream.isCancelled).toBe(true);
      await reachable();
      if (tries === 0) await pass(2000);
    }
    expect(transportOf(connection)).toBe('long-poll');
    platform.lastRequest.answer(200, { events: [event('p1')], next: 'p2', recovered: true });
    await settled();
    expect(connection.state).toEqual({ phase: 'live', transport: 'long-poll' });
    expect(platform.lastRequest.path).toBe('/events?topics=documents&after=p2&wait=25');
    const polling = platform.lastRequest;
    // A long poll goes on for as long as a trial is far.
    await pass(30_000);
    polling.answer(200, { events: [], next: 'p2', recovered: true });
    await settled();
    await pass(30_000);
    expect(connection.state).toEqual({ phase: 'connecting', transport: 'websocket' });
    expect(platform.lastRequest.isCancelled).toBe(true);
    platform.lastSocket.end(1006);
    await settled();
    expect(transportOf(connection)).toBe('long-poll');
    platform.lastRequest.answer(200, { events: [], next: 'p2', recovered: true });
    await settled();
    // The next trial is later, and is that of the other one.
    platform.lastRequest.answer(200, { events: [event('p3')], next: 'p3', recovered: true });
    await settled();
    expect(connection.state).toEqual({ phase: 'live', transport: 'long-poll' });
    expect(events).toEqual(['p1', 'p3']);
  });

  it('are not to blame when the server cannot be reached', async () => {
    const connection = await open();
    for (let tries = 0; tries < 5; tries += 1) {
      platform.lastSocket.end(1006);
      await unreachable();
      await pass(30_000);
    }
    expect(transportOf(connection)).toBe('websocket');
    expect(platform.streams).toEqual([]);
  });

  it('keep the cursor from one to the other', async () => {
    await open();
    await live();
    platform.lastSocket.say({ op: 'event', event: event('e1') });
    for (let tries = 0; tries < 2; tries += 1) {
      platform.lastSocket.end(1006);
      await reachable();
      if (tries === 0) await pass(1000);
    }
    expect(platform.lastStream.outgoing.url).toContain('/events/stream?topics=documents&after=e1');
    platform.lastStream.say('ready', { next: 'e1', recovered: true });
    platform.lastStream.say('document.created', event('e2'));
    expect([events, gaps]).toEqual([['e1', 'e2'], []]);
  });

  it('of WebSockets that are silent are asked whether they live, and given up', async () => {
    const connection = await open({ transports: ['websocket'] });
    await live();
    await pass(25_000);
    expect(platform.lastSocket.last).toEqual({ op: 'ping' });
    platform.lastSocket.say({ op: 'pong' });
    await pass(25_000);
    expect(platform.lastSocket.sent.filter(({ op }) => op === 'ping')).toHaveLength(2);
    await pass(10_000);
    expect(connection.state).toMatchObject({ phase: 'waiting', problem: { code: 'timeout' } });
    expect(platform.lastSocket.isClosed).toBe(true);
  });

  it('of streams that are silent are given up', async () => {
    const connection = await open({ transports: ['sse'] });
    platform.lastStream.say('ready', { next: 'c', recovered: true });
    await pass(44_000);
    platform.lastStream.reader.text(':\n\n');
    await pass(44_000);
    expect(connection.state.phase).toBe('live');
    await pass(1000);
    expect(connection.state).toMatchObject({ phase: 'waiting', problem: { code: 'timeout' } });
  });

  it('of streams come back when the server has said', async () => {
    const connection = await open({ transports: ['sse'] });
    platform.lastStream.say('ready', { next: 'c', recovered: true });
    platform.lastStream.reader.text('retry: 1234\n\n');
    platform.lastStream.end(200);
    expect(connection.state).toMatchObject({ phase: 'waiting', forMs: 1234 });
  });

  it('wait as long as Retry-After says, and then some', async () => {
    const connection = await open({ transports: ['long-poll'] });
    platform.lastRequest.answer(503, { code: 'unavailable', detail: 'down' }, { 'retry-after': '7' });
    await settled();
    expect(connection.state).toMatchObject({
      phase: 'waiting',
      forMs: 7500,
      problem: { code: 'unavailable' },
    });
  });

  it('do not poll in circles when the server answers early', async () => {
    await open({ transports: ['long-poll'], after: 'c' });
    for (let polls = 1; polls < 4; polls += 1) {
      platform.lastRequest.answer(200, { events: [], next: 'c', recovered: true });
      await settled();
      if (polls > 1) await pass(999);
      expect(platform.requests.length).toBeLessThanOrEqual(polls + 1);
      await pass(1);
    }
  });
});

describe('topics', () => {
  it('come and go on a WebSocket, one subscription after the other', async () => {
    const connection = await open();
    await live();
    connection.subscribe(['user:1', 'documents']);
    connection.subscribe(['upload:1']);
    expect(platform.lastSocket.sent.slice(1)).toEqual([{ op: 'subscribe', topics: ['user:1'] }]);
    expect(connection.cursor).toBeUndefined();
    platform.lastSocket.say({ op: 'ready', next: 'c1', recovered: true });
    expect(platform.lastSocket.last).toEqual({ op: 'subscribe', topics: ['upload:1'] });
    platform.lastSocket.say({ op: 'ready', next: 'c2', recovered: true });
    connection.unsubscribe(['documents', 'unknown']);
    expect(platform.lastSocket.last).toMatchObject({ op: 'unsubscribe' });
    platform.lastSocket.say({ op: 'event', event: event('late', 'documents') });
    platform.lastSocket.say({ op: 'event', event: event('own', 'user:1') });
    expect(events).toEqual(['own']);
    platform.lastSocket.end(4200);
    await pass(1000);
    platform.lastSocket.open();
    expect(platform.lastSocket.sent).toEqual([
      { op: 'subscribe', topics: ['user:1', 'upload:1'], after: 'own' },
    ]);
  });

  it('that were not subscribed yet come back with cursors of their own', async () => {
    const connection = await open({ transports: ['sse'] });
    platform.streams[0]!.say('ready', { next: 'a1', recovered: true });
    connection.subscribe(['user:1']);
    platform.streams[1]!.say('ready', { next: 'b1', recovered: true });
    platform.streams[1]!.say('file.created', event('b2', 'user:1'));
    platform.streams[0]!.reader.end(null);
    await settled();
    await pass(1000);
    expect(
      platform.streams.slice(2).map(({ outgoing }) => decodeURIComponent(outgoing.url.split('?')[1]!)),
    ).toEqual(['topics=documents&after=a1', 'topics=user:1&after=b2']);
    expect(platform.streams[1]!.isCancelled).toBe(true);
  });

  it('may be none for a while', async () => {
    const connection = await open({ topics: [] });
    expect(connection.state).toEqual({ phase: 'idle' });
    connection.subscribe(['documents']);
    await settled();
    await live();
    connection.unsubscribe(['documents']);
    expect(connection.state).toEqual({ phase: 'idle' });
    expect(platform.lastSocket.isClosed).toBe(true);
  });

  it('that are refused are left out, and the others go on', async () => {
    const connection = await open({ topics: ['documents', 'document:1'], after: 'c' });
    platform.lastSocket.open();
    platform.lastSocket.say({ op: 'error', code: 'not_found', detail: 'no' });
    await settled();
    expect(platform.lastRequest.path).toBe('/events?topics=documents&wait=0');
    platform.lastRequest.answer(200, { events: [], next: 'x', recovered: true });
    await settled();
    platform.lastRequest.answer(404, { code: 'not_found', detail: 'No such document.' });
    await settled();
    expect(problems).toEqual([[{ code: 'not_found', detail: 'No such document.' }, ['document:1']]]);
    platform.lastSocket.open();
    expect(platform.lastSocket.sent).toEqual([{ op: 'subscribe', topics: ['documents'], after: 'c' }]);
    expect(connection.topics).toEqual(['documents']);
  });

  it('that are all refused end it', async () => {
    const connection = await open({ transports: ['sse'] });
    platform.lastStream.end(404, { code: 'not_found', detail: 'no' });
    await settled();
    platform.lastRequest.answer(404, { code: 'not_found', detail: 'no' });
    await settled();
    expect(connection.state).toEqual({ phase: 'closed', problem: { code: 'not_found', detail: 'no' } });
  });

  it('with a cursor that is none begin anew, with a gap', async () => {
    await open({ transports: ['sse'], after: 'a:b' });
    platform.lastStream.end(400, { code: 'invalid_request', detail: 'no' });
    await settled();
    platform.lastRequest.answer(200, { events: [], next: 'x', recovered: true });
    await settled();
    expect(gaps).toEqual([['documents']]);
    await pass(1000);
    expect(platform.lastStream.outgoing.url).not.toContain('after');
  });
});

describe('access tokens', () => {
  it('become tickets where a WebSocket cannot carry them', async () => {
    await open({ getAccessToken: provider(['t']).getAccessToken });
    expect(platform.lastRequest.outgoing).toMatchObject({
      method: 'POST',
      url: 'https://ferry.example/api/v1/events/tickets',
      headers: { Authorization: 'Bearer t' },
    });
    platform.lastRequest.answer(201, { ticket: 'a+b', expiresAt: '' });
    await settled();
    expect(platform.lastSocket.url).toBe('wss://ferry.example/api/v1/events/ws?ticket=a%2Bb');
  });

  it('are refreshed once when they are refused, and then it is over', async () => {
    const { asked, getAccessToken } = provider(['old', 'new', 'newer']);
    const connection = await open({ getAccessToken, transports: ['sse'] });
    platform.lastStream.end(401, { code: 'invalid_token', detail: 'no' });
    await settled();
    expect(asked).toEqual([false, true, false]);
    platform.lastStream.end(401, { code: 'invalid_token', detail: 'no' });
    await settled();
    expect(asked.filter(Boolean)).toHaveLength(1);
    expect(connection.state).toMatchObject({ phase: 'closed', problem: { code: 'invalid_token' } });
  });

  it('are refreshed when the handshake of a WebSocket failed for their sake, which it does not tell', async () => {
    platform.socketTakesHeaders = true;
    const { asked, getAccessToken } = provider(['old', 'new']);
    const connection = await open({ getAccessToken });
    platform.lastSocket.end(1006);
    await settled();
    platform.lastRequest.answer(401, { code: 'invalid_token', detail: 'no' });
    await settled();
    expect(asked).toEqual([false, true, false]);
    expect(connection.state).toEqual({ phase: 'connecting', transport: 'websocket' });
    expect(platform.sockets).toHaveLength(2);
  });

  it('are refreshed again after something worked', async () => {
    const { asked, getAccessToken } = provider(['old', 'new', 'newer']);
    const connection = await open({ getAccessToken, transports: ['sse'] });
    for (let times = 0; times < 3; times += 1) {
      platform.lastStream.say('ready', { next: 'c', recovered: true });
      platform.lastStream.say('problem', { code: 'invalid_token', detail: 'expired' });
      await settled();
    }
    expect(asked.filter(Boolean)).toHaveLength(3);
    expect(connection.state.phase).toBe('connecting');
  });

  it('are sent on the WebSocket when it asks for another one', async () => {
    platform.socketTakesHeaders = true;
    const { asked, getAccessToken } = provider(['old', 'new']);
    await open({ getAccessToken });
    expect(platform.lastSocket.headers).toEqual({ Authorization: 'Bearer old' });
    await live();
    platform.lastSocket.say({ op: 'error', code: 'invalid_token', detail: 'expired' });
    await settled();
    expect(platform.lastSocket.last).toEqual({ op: 'refresh', accessToken: 'new' });
    // One that is refused too is not sent in circles.
    platform.lastSocket.say({ op: 'error', code: 'invalid_token', detail: 'no' });
    await settled();
    expect(platform.sockets).toHaveLength(2);
    expect(asked).toEqual([false, true, true, false]);
  });

  it('that cannot be had are asked for again later', async () => {
    const connection = await open({ getAccessToken: () => Promise.reject(new Error('no network')) });
    expect(connection.state).toMatchObject({ phase: 'waiting', problem: { detail: 'no network' } });
  });

  it('are asked for one at a time', async () => {
    platform.socketTakesHeaders = true;
    let running = 0;
    let most = 0;
    const getAccessToken = async () => {
      running += 1;
      most = Math.max(most, running);
      await settled();
      running -= 1;
      return 't';
    };
    await open({ getAccessToken });
    await settled();
    await live();
    for (let times = 0; times < 3; times += 1) {
      platform.lastSocket.say({ op: 'error', code: 'invalid_token', detail: '' });
      platform.network?.offline();
      platform.network?.online();
      await settled();
      await settled();
      await settled();
    }
    expect(most).toBe(1);
  });
});

describe('the network', () => {
  it('that is back, or a page that is seen again, ends the wait', async () => {
    const connection = await open({ transports: ['websocket'] });
    platform.lastSocket.end(1006);
    await settled();
    platform.network?.visible();
    await settled();
    expect(platform.sockets).toHaveLength(2);
    await live();
    platform.network?.offline();
    expect(connection.state).toEqual({ phase: 'offline' });
    expect(platform.lastSocket.isClosed).toBe(true);
    platform.network?.online();
    await settled();
    expect(platform.sockets).toHaveLength(3);
  });

  it('that is said to be gone is tried all the same, now and then', async () => {
    await open();
    platform.network?.offline();
    await pass(30_000);
    expect(platform.sockets).toHaveLength(2);
  });

  it('is looked at when the page is seen again', async () => {
    const connection = await open({ transports: ['websocket'] });
    await live();
    platform.network?.visible();
    expect(platform.lastSocket.last).toEqual({ op: 'ping' });
    await pass(10_000);
    expect(connection.state.phase).toBe('waiting');
  });
});
