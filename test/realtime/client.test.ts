import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { WebSocket } from 'ws';
import { browserPlatform, connect, type ConnectOptions, type EventConnection } from '../../src/client';
import type { Platform } from '../../src/client/platform/platform';
import { systemTimers } from '../../src/client/platform/timers';
import { wxPlatform } from '../../src/client/platform/wx';
import type { TransportName } from '../../src/client';
import { until } from '../contract/until';
import { BadNetwork } from '../support/bad-network';
import { makeUser, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { startTcpProxy } from '../support/tcp-proxy';
import { wxNetwork } from '../support/wechat/wx-network';

/** Pauses are short here; limits of waiting stay as they are. */
const impatient = (platform: Platform): Platform => ({
  ...platform,
  random: () => 0.1,
  timers: { ...systemTimers, after: (ms, run) => systemTimers.after(ms < 7000 ? ms / 100 : ms, run) },
});

const node = () => impatient(browserPlatform({ WebSocket }));
const miniProgram = () => impatient(wxPlatform(wxNetwork()));

const rows: { name: string; platform: () => Platform; transport: TransportName }[] = [
  { name: 'WebSocket', platform: node, transport: 'websocket' },
  { name: 'SSE', platform: node, transport: 'sse' },
  { name: 'long poll', platform: node, transport: 'long-poll' },
  { name: 'short poll', platform: node, transport: 'short-poll' },
  { name: 'WebSocket of a mini-program', platform: miniProgram, transport: 'websocket' },
  { name: 'SSE of a mini-program', platform: miniProgram, transport: 'sse' },
  { name: 'long poll of a mini-program', platform: miniProgram, transport: 'long-poll' },
];

let ferry: Ferry;
let user: TestUser;
const opened: EventConnection[] = [];

beforeAll(async () => {
  ferry = await startFerry();
  user = await makeUser(ferry);
});

afterAll(() => ferry.stop());

afterEach(() => {
  for (const connection of opened.splice(0)) connection.close();
});

/** What a connection has got. */
interface Got {
  connection: EventConnection;
  numbers: number[];
  gaps: (readonly string[])[];
  refused: string[];
}

function open(options: Partial<ConnectOptions> & { platform: Platform }): Got {
  const got: Omit<Got, 'connection'> = { numbers: [], gaps: [], refused: [] };
  const connection = connect({
    url: ferry.url,
    topics: ['documents'],
    onEvent: ({ data }) => got.numbers.push((data as unknown as { n: number }).n),
    onGap: (topics) => got.gaps.push(topics),
    onProblem: (_problem, topics) => got.refused.push(...topics),
    ...options,
  });
  opened.push(connection);
  return { ...got, connection };
}

const isLive = ({ connection }: Got) => until(() => connection.state.phase === 'live');

async function publish(numbers: number[], topic = 'documents', at = ferry): Promise<void> {
  for (const n of numbers) await at.stores.eventlog.append(topic, 'counted', { n, text: '江河湖海 🌊' });
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);

describe.each(rows)('the client over $name', ({ platform, transport }) => {
  const transports = [transport];

  it('gets each event once and in order, however often it is cut off in the middle of one', async () => {
    const network = await BadNetwork.before(ferry);
    const got = open({ url: network.url, platform: platform(), transports });
    await isLive(got);
    let last = 0;
    for (const [round, bytes] of [1, 150, 777, 2048, 3333].entries()) {
      network.cutOnceAfter(bytes);
      await until(async () => {
        last += 1;
        await publish([last]);
        return network.cuts > round;
      });
    }
    await until(() => got.numbers.includes(last));
    expect([got.numbers, got.gaps]).toEqual([range(1, last + 1), []]);
    got.connection.close();
    await network.close();
  });

  it('comes back after the server was stopped and started, and tells that events were missed', async () => {
    const directory = await mkdtemp(path.join(os.tmpdir(), 'ferry-client-'));
    const first = await startFerry({ directory });
    const target = { host: '127.0.0.1', port: Number(new URL(first.url).port) };
    const proxy = await startTcpProxy(target);
    const got = open({ url: `http://127.0.0.1:${proxy.port}`, platform: platform(), transports });
    await isLive(got);
    await publish([1], 'documents', first);
    await until(() => got.numbers.length === 1);
    await first.services.hub.drain(0);
    await first.stop();
    const second = await startFerry({ directory });
    target.port = Number(new URL(second.url).port);
    await until(() => got.gaps.length > 0);
    await isLive(got);
    await publish([2], 'documents', second);
    await until(() => got.numbers.length === 2);
    expect([got.numbers, got.gaps]).toEqual([[1, 2], [['documents']]]);
    got.connection.close();
    await proxy.close();
    await second.stop();
    await rm(directory, { recursive: true });
  });

  it('signs in by its token, and by another one when that is refused', async () => {
    const asked: boolean[] = [];
    const topic = `user:${user.id}`;
    const got = open({
      platform: platform(),
      transports,
      topics: [topic],
      getAccessToken: ({ forceRefresh }) => {
        asked.push(forceRefresh);
        return Promise.resolve(asked.includes(true) ? user.accessToken : 'a.b.c');
      },
    });
    await isLive(got);
    await publish([1], topic);
    await until(() => got.numbers.length === 1);
    expect(asked.filter(Boolean)).toHaveLength(1);
  });

  it('adds and takes away topics while events come', async () => {
    const own = `user:${user.id}`;
    const got = open({
      platform: platform(),
      transports,
      getAccessToken: () => Promise.resolve(user.accessToken),
    });
    await isLive(got);
    await publish([1]);
    got.connection.subscribe([own, 'document:missing']);
    await until(() => got.refused.length > 0);
    await isLive(got);
    await until(async () => {
      await publish([-1], own);
      return got.numbers.includes(-1);
    });
    await publish([2]);
    await until(() => got.numbers.includes(2));
    got.connection.unsubscribe(['documents']);
    await publish([3]);
    await publish([4], own);
    await until(() => got.numbers.includes(4));
    expect(got.numbers.filter((n) => n > 0)).toEqual([1, 2, 4]);
    expect([got.refused, got.connection.topics, got.gaps]).toEqual([['document:missing'], [own], []]);
  });
});

it('falls back to a stream where WebSockets do not get through', async () => {
  const platform = node();
  const socket = () =>
    new WebSocket('ws://127.0.0.1:1') as unknown as ReturnType<NonNullable<Platform['socket']>>;
  const got = open({ platform: { ...platform, socket } });
  await isLive(got);
  expect(got.connection.state).toEqual({ phase: 'live', transport: 'sse' });
  await publish([1]);
  await until(() => got.numbers.length === 1);
});

it('is told when its sign-in has ended, and does not come back', async () => {
  const visitor = await makeUser(ferry);
  const got = open({ platform: node(), getAccessToken: () => Promise.resolve(visitor.accessToken) });
  await isLive(got);
  const [signIn] = await ferry.stores.sql.signIns.listAlive(visitor.id, new Date());
  await ferry.stores.sql.signIns.end(signIn!.id, new Date());
  await ferry.services.hub.check();
  await until(() => got.connection.state.phase === 'closed');
  expect(got.connection.state).toMatchObject({ problem: { code: 'revoked' } });
});
