import type { EventLog } from '../../src/models/eventlog';
import { openRedisEventLog } from '../../src/models/eventlog/redis';
import type { KeyValueStore } from '../../src/models/keyvalue';
import { openRedisKeyValue } from '../../src/models/keyvalue/redis';
import { openRedisLimiters } from '../../src/models/limiters/redis';
import { eventLogContract } from '../contract/eventlog.contract';
import { keyvalueContract } from '../contract/keyvalue.contract';
import { leaseContract } from '../contract/lease.contract';
import { until } from '../contract/until';
import { freshPrefix, RedisServer } from '../support/redis';
import { freePort } from '../support/server-process';

const answers = (store: KeyValueStore | EventLog) => async () =>
  store.ping().then(
    () => true,
    () => false,
  );

describe('a cluster of three', () => {
  const nodes: RedisServer[] = [];
  let url: string;

  beforeAll(async () => {
    for (let node = 0; node < 3; node += 1) {
      const port = String(await freePort());
      nodes.push(await RedisServer.start({ settings: ['--cluster-enabled', 'yes', '--cluster-port', port] }));
      await nodes[0]!.ask(`cluster meet 127.0.0.1 ${nodes[node]!.port} ${port}`);
    }
    const slots = ['0 5460', '5461 10922', '10923 16383'];
    for (const [node, range] of slots.entries()) await nodes[node]!.ask(`cluster addslotsrange ${range}`);
    for (const node of nodes)
      await until(async () => {
        const info = await node.ask('cluster info');
        return info.includes('cluster_state:ok') && info.includes('cluster_size:3');
      });
    url = `redis-cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`;
  });

  afterAll(() => Promise.all(nodes.map((node) => node.remove())));

  keyvalueContract('Redis cluster', () => openRedisKeyValue({ url, prefix: freshPrefix() }));
  leaseContract('Redis cluster', () => openRedisKeyValue({ url, prefix: freshPrefix() }));
  eventLogContract('Redis cluster', ({ capacity }) =>
    openRedisEventLog({ url, prefix: freshPrefix(), capacity }),
  );

  it('counts calls on whichever node they belong to', async () => {
    const limiters = await openRedisLimiters({ url, prefix: freshPrefix() });
    const store = await openRedisKeyValue({ url, prefix: freshPrefix() });
    try {
      await until(answers(store));
      const limiter = limiters.make({ keyPrefix: 'limit', points: 1, duration: 60 });
      for (let caller = 0; caller < 20; caller += 1) {
        await limiter.consume(`caller ${caller}`);
        await expect(limiter.consume(`caller ${caller}`)).rejects.toMatchObject({ consumedPoints: 2 });
        await expect(limiter.get(`caller ${caller}`)).resolves.toMatchObject({ consumedPoints: 2 });
      }
    } finally {
      await Promise.all([limiters.close(), store.close()]);
    }
  });

  it('is listened to at another node when the first one is away', async () => {
    const log = await openRedisEventLog({ url, prefix: freshPrefix() });
    try {
      await until(answers(log));
      const heard: number[] = [];
      // A topic that another node than the one listened to keeps.
      const topics = Array.from({ length: 20 }, (_, n) => `topic ${n}`);
      for (const topic of topics) await log.subscribe(topic, ({ position }) => heard.push(position.offset));
      await nodes[0]!.kill();
      await nodes[0]!.start();
      await until(answers(log));
      await until(async () => {
        heard.length = 0;
        const appended = await Promise.allSettled(topics.map((topic) => log.append(topic, 'counted', null)));
        await log.ping().catch(() => undefined);
        return appended.every(({ status }) => status === 'fulfilled') && heard.length >= topics.length;
      });
    } finally {
      await log.close();
    }
  });
});

describe('a server behind a Sentinel', () => {
  let first: RedisServer;
  let second: RedisServer;
  let sentinel: RedisServer;
  let store: KeyValueStore;
  let log: EventLog;

  beforeAll(async () => {
    first = await RedisServer.start({ settings: ['--repl-diskless-sync-delay', '0'] });
    second = await RedisServer.start({ settings: ['--replicaof', `127.0.0.1 ${first.port}`] });
    await until(async () => (await second.ask('info replication')).includes('master_link_status:up'));
    sentinel = await RedisServer.start({
      sentinel: [
        `sentinel monitor main 127.0.0.1 ${first.port} 1`,
        'sentinel down-after-milliseconds main 500',
        'sentinel failover-timeout main 5000',
        '',
      ].join('\n'),
    });
    await until(async () => (await sentinel.ask('sentinel replicas main')).includes(String(second.port)));
    const url = `redis-sentinel://127.0.0.1:${sentinel.port}/main`;
    store = await openRedisKeyValue({ url, prefix: freshPrefix() });
    log = await openRedisEventLog({ url, prefix: freshPrefix() });
  });

  afterAll(async () => {
    await Promise.all([store, log].map((opened) => opened.close()));
    await Promise.all([first, second, sentinel].map((server) => server.remove()));
  });

  it('is followed when a replica takes over; the log begins another epoch then', async () => {
    await until(answers(store));
    await until(answers(log));
    const heard: string[] = [];
    await log.subscribe('topic', ({ type }) => heard.push(type));
    await store.set('key', 'value');
    const before = await log.append('topic', 'before', null);
    await until(async () => (await second.ask('info replication')).includes('slave_repl_offset:'));
    await until(async () => (await first.ask('wait 1 1000')).includes(':1'));
    await first.kill();
    await until(() =>
      store.set('key', 'next').then(
        () => true,
        () => false,
      ),
    );
    await expect(store.get('key')).resolves.toBe('next');
    await until(answers(log));
    // What the old master acknowledged last may be missing in the new one.
    await expect(log.readAfter('topic', before.position, 10)).resolves.toMatchObject({ recovered: false });
    await log.append('topic', 'after', null);
    await until(() => heard.includes('after'));
  });
});
