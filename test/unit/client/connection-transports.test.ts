import type { EventConnection } from '../../../src/client/events/connection';
import {
  event,
  events,
  gaps,
  live,
  open,
  pass,
  platform,
  reachable,
  unreachable,
} from '../../support/client-connection';
import { settled } from '../../support/client-platform';

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
