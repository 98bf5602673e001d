import type { EventConnection } from '../../../src/client/events/connection';
import {
  beginAnew,
  event,
  events,
  gaps,
  live,
  open,
  pass,
  platform,
  states,
} from '../../support/client-connection';
import { settled } from '../../support/client-platform';

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
      beginAnew();
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
