import { setTimeout as sleep } from 'node:timers/promises';
import { RateLimiterRes } from 'rate-limiter-flexible';
import { Unavailable } from '../../src/errors';
import type { EventLog, LoggedEvent } from '../../src/models/eventlog';
import { openRedisEventLog } from '../../src/models/eventlog/redis';
import type { KeyValueStore } from '../../src/models/keyvalue';
import { LeaseLost, withLease } from '../../src/models/keyvalue/lease';
import { openRedisKeyValue } from '../../src/models/keyvalue/redis';
import type { Limiters } from '../../src/models/limiters';
import { openRedisLimiters } from '../../src/models/limiters/redis';
import { readAll } from '../contract/eventlog.properties';
import { until } from '../contract/until';
import { RedisServer } from '../support/redis';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy';

const MINUTE = 60_000;

let server: RedisServer;
let proxy: TcpProxy;
let store: KeyValueStore;
let log: EventLog;
let limiters: Limiters;
const told: string[] = [];
const unhandled: unknown[] = [];
const noteUnhandled = (error: unknown) => unhandled.push(error);

beforeAll(() => process.on('unhandledRejection', noteUnhandled));

afterAll(() => {
  process.off('unhandledRejection', noteUnhandled);
  expect(unhandled).toEqual([]);
});

async function begin(appendOnly: boolean): Promise<void> {
  server = await RedisServer.start({ appendOnly });
  proxy = await startTcpProxy({ host: '127.0.0.1', port: server.port });
  told.length = 0;
  const note = (_: object, message: string) => told.push(message);
  const place = {
    url: `redis://127.0.0.1:${proxy.port}`,
    prefix: 'ferry:',
    log: { info: note, warn: note },
  };
  store = await openRedisKeyValue(place);
  log = await openRedisEventLog({ ...place, capacity: 100_000 });
  limiters = await openRedisLimiters(place);
}

afterEach(async () => {
  server.resume();
  await Promise.all([store.close(), log.close(), limiters.close()]);
  await proxy.close();
  await server.remove();
});

const answers = async (): Promise<boolean> => {
  try {
    await Promise.all([store.ping(), log.ping()]);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(Unavailable);
    return false;
  }
};

/** Every kind of call, each with what it comes to: an answer, or the error. */
async function callAll(): Promise<unknown[]> {
  const top = { epoch: 'elsewhere', offset: 0 };
  const calls: Promise<unknown>[] = [
    store.ping(),
    store.get('key'),
    store.set('key', 'value', { ttlMs: MINUTE, only: 'if-absent' }),
    store.compareAndSet('key', 'value', 'next'),
    store.delete('key'),
    store.increment('count', 1, MINUTE),
    store.timeToLive('key'),
    log.ping(),
    log.append('topic', 'counted', null),
    log.top('topic'),
    log.readAfter('topic', top, 1),
    log.subscribe('another topic', () => undefined),
  ];
  const settled = await Promise.allSettled(calls);
  return settled.map((one) => (one.status === 'rejected' ? (one.reason as unknown) : 'an answer'));
}

/** Ways to take Redis away, and to bring it back. */
const FAULTS: [string, () => void | Promise<void>, () => void | Promise<void>][] = [
  ['killed', () => server.kill(), () => server.start()],
  ['stopped, its connections open', () => server.pause(), () => server.resume()],
  ['cut off', () => proxy.cut(), () => proxy.mend()],
];

describe.each(FAULTS)('Redis that is %s', (_, takeAway, bringBack) => {
  beforeEach(() => begin(true));

  it('gives Unavailable to every call, and comes back by itself', async () => {
    await until(answers);
    const heard: number[] = [];
    await log.subscribe('topic', ({ position }) => heard.push(position.offset));
    await store.set('kept', 'value');
    await takeAway();
    // Those that find the connection in order, and those that find it gone.
    for (let round = 0; round < 3; round += 1) {
      for (const outcome of await callAll()) expect(outcome).toBeInstanceOf(Unavailable);
    }
    await bringBack();
    await until(answers);
    await expect(store.get('kept')).resolves.toBe('value');
    for (const outcome of await callAll()) expect(outcome).toBe('an answer');
    const { offset } = await log.top('topic');
    await until(() => heard.includes(offset));
  });

  it('leaves the gate neither open nor shut: calls are counted here meanwhile', async () => {
    await until(answers);
    const limiter = limiters.make({ keyPrefix: 'limit', points: 3, duration: 900 });
    await limiter.consume('caller');
    await takeAway();
    for (let call = 0; call < 3; call += 1) await limiter.consume('caller');
    await expect(limiter.consume('caller')).rejects.toBeInstanceOf(RateLimiterRes);
    await expect(limiter.get('caller')).resolves.toMatchObject({ consumedPoints: 4 });
    await expect(limiter.delete('caller')).resolves.toBe(true);
    await expect(limiter.consume('caller')).resolves.toMatchObject({ remainingPoints: 2 });
    await bringBack();
    await until(answers);
    await until(async () => {
      await limiter.consume('another').catch(() => undefined);
      return /^\$\d/.test(await server.ask('get ferry:limit:another'));
    });
  });

  it('tells a holder of a lease that it may be lost, before another one can have it', async () => {
    await until(answers);
    const ttlMs = 3000;
    const lost = await withLease(store, 'work', { ttlMs, waitMs: 0 }, async (lease) => {
      await takeAway();
      await until(() => lease.lost.aborted);
      return lease.lost.reason as unknown;
    });
    expect(lost).toBeInstanceOf(LeaseLost);
    await bringBack();
    await until(answers);
    await expect(
      withLease(store, 'work', { ttlMs, waitMs: MINUTE }, () => Promise.resolve('mine')),
    ).resolves.toBe('mine');
  });

  it('is told of once, however often it is asked', async () => {
    await until(answers);
    told.length = 0;
    await takeAway();
    const limiter = limiters.make({ keyPrefix: 'limit', points: 3, duration: 900 });
    for (let round = 0; round < 3; round += 1) await Promise.all([callAll(), limiter.consume('caller')]);
    await bringBack();
    await until(() => told.filter((line) => line.endsWith('again')).length === 3);
    for (const what of ['The key-value store', 'The event log', 'The counter of calls'])
      expect(told.filter((line) => line.startsWith(what))).toEqual([
        `${what} is out of reach`,
        `${what} answers again`,
      ]);
  });
});

describe('Redis that is not there at the start', () => {
  beforeEach(async () => {
    await begin(false);
    await Promise.all([store.close(), log.close(), limiters.close()]);
    await server.kill();
    const place = { url: server.url, prefix: 'ferry:' };
    [store, log, limiters] = [
      await openRedisKeyValue(place),
      await openRedisEventLog(place),
      await openRedisLimiters(place),
    ];
  });

  it('is waited for, with Unavailable until then', async () => {
    for (const outcome of await callAll()) expect(outcome).toBeInstanceOf(Unavailable);
    await server.start();
    await until(answers);
    for (const outcome of await callAll()) expect(outcome).toBe('an answer');
  });

  it('holds up nobody who closes', async () => {
    const pending = store.get('key');
    await Promise.all([store.close(), log.close()]);
    await expect(pending).rejects.toThrow(Unavailable);
  });
});

/** Appends without a pause until it is told to stop. */
function appendOn(topic: string): { acknowledged: LoggedEvent[]; stop: () => Promise<void> } {
  const acknowledged: LoggedEvent[] = [];
  const ended = new AbortController();
  const running = (async () => {
    for (let n = 0; !ended.signal.aborted; n += 1) {
      try {
        acknowledged.push(await log.append(topic, 'counted', n));
      } catch (error) {
        expect(error).toBeInstanceOf(Unavailable);
      }
      await sleep(1);
    }
  })();
  return {
    acknowledged,
    stop: () => {
      ended.abort();
      return running;
    },
  };
}

describe('a Redis that is killed while it is written to', () => {
  it('has everything that it acknowledged when it keeps a file, in the same epoch', async () => {
    await begin(true);
    await until(answers);
    const start = await log.top('topic');
    const { acknowledged, stop } = appendOn('topic');
    for (let round = 1; round <= 3; round += 1) {
      const before = acknowledged.length;
      await until(() => acknowledged.length > before + 20);
      await server.kill();
      await server.start();
      await until(answers);
    }
    await stop();
    const read = await readAll(log, 'topic', start, 500);
    // What was written without being acknowledged may be there, too.
    const kept = new Map(read?.map((event) => [event.position.offset, event]));
    for (const event of acknowledged) expect(kept.get(event.position.offset)).toEqual(event);
    await expect(log.top('topic')).resolves.toMatchObject({ epoch: start.epoch });
  });

  it('begins another epoch when it has lost everything', async () => {
    await begin(false);
    await until(answers);
    const { position } = await log.append('topic', 'counted', 1);
    await server.kill();
    await server.start();
    await until(answers);
    await expect(log.readAfter('topic', position, 10)).resolves.toMatchObject({ recovered: false });
    const next = await log.append('topic', 'counted', 2);
    expect(next.position).toMatchObject({ offset: 1 });
    expect(next.position.epoch).not.toBe(position.epoch);
  });

  it('begins another epoch when it comes back from an old snapshot, though nothing seems to be missing', async () => {
    await begin(false);
    await until(answers);
    const first = await log.append('topic', 'counted', 'in the snapshot');
    await server.ask('save');
    const second = await log.append('topic', 'counted', 'lost');
    await server.kill();
    await server.start();
    await until(answers);
    for (const { position } of [first, second])
      await expect(log.readAfter('topic', position, 10)).resolves.toMatchObject({ recovered: false });
    await log.append('topic', 'counted', 'in the place of the lost one');
    await log.append('topic', 'counted', 'after it');
    await expect(log.readAfter('topic', second.position, 10)).resolves.toMatchObject({ recovered: false });
  });

  it('gives a lease away when it forgot it, and tells the one who held it', async () => {
    await begin(false);
    await until(answers);
    const options = { ttlMs: 6000, waitMs: 0 };
    await withLease(store, 'work', options, async ({ lost }) => {
      await server.kill();
      await server.start();
      await until(answers);
      await withLease(store, 'work', options, () => until(() => lost.aborted));
      expect(lost.reason).toBeInstanceOf(LeaseLost);
    });
  });
});

describe('the event log', () => {
  beforeEach(() => begin(true));

  it('is refused after the stream has expired, and goes on from where it was', async () => {
    await until(answers);
    const first = await log.append('topic', 'counted', 1);
    const second = await log.append('topic', 'counted', 2);
    await server.ask('del ferry:0:events:{topic:topic}:stream');
    await expect(log.readAfter('topic', first.position, 10)).resolves.toEqual({
      recovered: false,
      top: second.position,
    });
    await expect(log.readAfter('topic', second.position, 10)).resolves.toMatchObject({ recovered: true });
    await expect(log.append('topic', 'counted', 3)).resolves.toMatchObject({ position: { offset: 3 } });
  });

  it('begins another epoch, and no offset twice, when only the stream is left', async () => {
    await until(answers);
    const { position } = await log.append('topic', 'counted', 1);
    await server.ask('del ferry:0:events:{topic:topic}:meta');
    const next = await log.append('topic', 'counted', 2);
    expect(next.position).not.toEqual(position);
    await expect(log.readAfter('topic', position, 10)).resolves.toMatchObject({ recovered: false });
  });

  it('keeps what it knows of a topic longer than its events', async () => {
    await until(answers);
    await log.append('topic', 'counted', 1);
    const answer = await server.ask(
      'pttl ferry:0:events:{topic:topic}:stream',
      'pttl ferry:0:events:{topic:topic}:meta',
    );
    const [stream = 0, meta = 0] = [...answer.matchAll(/:(\d+)/g)].map(([, ms]) => Number(ms));
    expect(stream).toBeGreaterThan(0);
    expect(meta).toBeGreaterThan(stream);
  });

  it('tells the newest event once a connection that was cut is back', async () => {
    await until(answers);
    const heard: LoggedEvent[] = [];
    await log.subscribe('topic', (event) => heard.push(event));
    await log.append('topic', 'counted', 1);
    await until(() => heard.length === 1);
    const elsewhere = await openRedisEventLog({ url: server.url, prefix: 'ferry:' });
    proxy.cut();
    const missed = await elsewhere.append('topic', 'counted', 2);
    const newest = await elsewhere.append('topic', 'counted', 3);
    await elsewhere.close();
    proxy.mend();
    await until(() => heard.length === 2);
    expect(heard.at(-1)).toEqual(newest);
    await expect(readAll(log, 'topic', heard[0]!.position, 10)).resolves.toEqual([missed, newest]);
  });
});
