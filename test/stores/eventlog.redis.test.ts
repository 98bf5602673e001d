import { randomUUID } from 'node:crypto';
import type { EventLog, LoggedEvent } from '../../src/models/eventlog';
import { openRedisEventLog } from '../../src/models/eventlog/redis';
import { eventLogContract } from '../contract/eventlog.contract';
import { until } from '../contract/until';
import { freshPrefix, redisServerUrl } from '../support/redis';

const prefix = freshPrefix();
const open = (options: { capacity?: number; clock?: () => number } = {}) =>
  openRedisEventLog({ url: redisServerUrl(), prefix, ...options });

eventLogContract('Redis', open);

describe('Redis: event log of two processes', () => {
  let one: EventLog;
  let two: EventLog;
  let topic: string;

  beforeEach(async () => {
    [one, two] = await Promise.all([open(), open()]);
    topic = `topic:${randomUUID()}`;
  });

  afterEach(() => Promise.all([one.close(), two.close()]));

  it('is one log: what one appends the other reads and hears', async () => {
    const heard: LoggedEvent[] = [];
    const start = await two.top(topic);
    await two.subscribe(topic, (event) => heard.push(event));
    const events = await Promise.all([1, 2, 3].map((n) => one.append(topic, 'counted', { n })));
    await until(() => heard.length === 3);
    expect(heard).toEqual(events);
    await expect(two.readAfter(topic, start, 10)).resolves.toEqual({
      recovered: true,
      events,
      top: events.at(-1)?.position,
    });
  });

  it('numbers what both append without a gap, and tells it in that order', async () => {
    const heard: number[] = [];
    await one.subscribe(topic, ({ position }) => heard.push(position.offset));
    await Promise.all(Array.from({ length: 100 }, (_, n) => (n % 2 ? one : two).append(topic, 'counted', n)));
    await until(() => heard.length === 100);
    expect(heard).toEqual(Array.from({ length: 100 }, (_, n) => n + 1));
  });

  it('agrees on the epoch of a topic that both ask for at once', async () => {
    const tops = await Promise.all([one, two, one, two].map((log) => log.top(topic)));
    expect(new Set(tops.map(({ epoch }) => epoch)).size).toBe(1);
  });

  it.each(['', '}', '{', 'a}b{c', '%7D', '扫码 🚢'])('takes a topic of any name: %j', async (name) => {
    const heard: string[] = [];
    await two.subscribe(`${topic}${name}`, (event) => heard.push(event.topic));
    await one.append(`${topic}${name}`, 'named', null);
    await until(() => heard.length === 1);
    expect(heard).toEqual([`${topic}${name}`]);
    await expect(one.top(topic)).resolves.toMatchObject({ offset: name === '' ? 1 : 0 });
  });

  it('goes on hearing a topic that was left and joined again in one go', async () => {
    const heard: number[] = [];
    for (let round = 1; round <= 20; round += 1) {
      const end = await one.subscribe(topic, () => undefined);
      const [, leave] = await Promise.all([
        end(),
        one.subscribe(topic, ({ position }) => heard.push(position.offset)),
      ]);
      await two.append(topic, 'counted', round);
      await until(() => heard.length === round);
      await leave();
    }
    expect(heard).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
  });

  it('tells the time of the clock of whoever appends', async () => {
    const log = await open({ clock: () => 86_400_000 });
    try {
      await log.append(topic, 'timed', null);
      const { epoch } = await one.top(topic);
      const history = await one.readAfter(topic, { epoch, offset: 0 }, 1);
      expect(history).toMatchObject({ events: [{ time: new Date('1970-01-02T00:00:00Z') }] });
    } finally {
      await log.close();
    }
  });
});
