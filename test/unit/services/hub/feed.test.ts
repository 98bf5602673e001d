import fc from 'fast-check';
import { openMemoryEventLog } from '../../../../src/models/eventlog/memory';
import type { EventListener, EventLog } from '../../../../src/models/eventlog';
import { openMemoryKeyValue } from '../../../../src/models/keyvalue/memory';
import { Channels } from '../../../../src/services/hub/channels';
import { Consumer, type Outlet } from '../../../../src/services/hub/consumer';
import { CursorMarks } from '../../../../src/services/hub/cursor-marks';
import { Feeds, type Feed } from '../../../../src/services/hub/feed';
import { locate } from '../../../../src/services/hub/locate';
import type { Message } from '../../../../src/services/hub/messages';
import { startCounting } from '../../../../src/services/hub/metrics';
import { until } from '../../../contract/until';
import { override } from '../../../support/faults';
import { FakeTimers } from '../../../support/timers';

type Step =
  | { kind: 'publish'; count: number }
  | { kind: 'lose'; count: number }
  | { kind: 'join'; back: number }
  | { kind: 'rest' };

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Takes what it is given, as far as it does not play a client that is slow. */
class FakeOutlet implements Outlet {
  readonly messages: Message[] = [];
  readonly losses: string[] = [];
  unsent = 0;
  slow = false;
  private resume: (() => void) | null = null;

  deliver(message: Message): void {
    this.messages.push(message);
    if (this.slow) this.unsent += message.json.length;
  }

  lost(next: string): void {
    this.losses.push(next);
  }

  whenDrained(resume: () => void): void {
    this.resume = resume;
  }

  drain(): void {
    this.slow = false;
    this.unsent = 0;
    const { resume } = this;
    this.resume = null;
    resume?.();
  }

  get numbers(): number[] {
    return this.messages.map(({ entry }) => (entry.event.data as { n: number }).n);
  }
}

function setUp(log: EventLog, ringEvents = 4) {
  const timers = new FakeTimers();
  const channels = new Channels({ log, ringEvents, timers, onFailure: () => undefined });
  const marks = new CursorMarks({ keyvalue: openMemoryKeyValue(), log: silent });
  const feeds = new Feeds({ channels, marks, onDelivery: () => undefined });
  const counts = startCounting();
  let slow = 0;
  const consume = (feed: Feed, outlet: Outlet, positions = [...feed.positions]): Consumer => {
    const consumer = new Consumer({
      feed,
      positions,
      outlet,
      transport: 'sse',
      counts,
      timers,
      onSlow: () => (slow += 1),
      onFailure: (error) => {
        throw error;
      },
    });
    consumer.start();
    return consumer;
  };
  return { timers, channels, feeds, counts, consume, slow: () => slow };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n + 1);

/** In this order, whatever else is going on. */
function publish(log: EventLog, topic: string, from: number, count: number): Promise<unknown> {
  return Promise.all(upTo(count).map((n) => log.append(topic, 'counted', { n: from + n })));
}

describe('joining', () => {
  it('loses nothing and repeats nothing, whatever live delivery loses and whenever a client comes', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('publish' as const), count: fc.integer({ min: 1, max: 6 }) }),
      fc.record({ kind: fc.constant('lose' as const), count: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ kind: fc.constant('join' as const), back: fc.nat(12) }),
      fc.record({ kind: fc.constant('rest' as const) }),
    );
    const run = async (steps: Step[]): Promise<void> => {
      const inner = openMemoryEventLog({ capacity: 500 });
      let losing = 0;
      const log = override(inner, {
        subscribe: (topic: string, listener: EventListener) =>
          inner.subscribe(topic, (event) => {
            losing -= 1;
            if (losing < 0) listener(event);
          }),
      });
      const { feeds, channels, consume } = setUp(log);
      const joined: { outlet: FakeOutlet; from: number }[] = [];
      let published = 0;
      const appending: Promise<unknown>[] = [];
      for (const each of steps) {
        if (each.kind === 'publish') {
          appending.push(publish(inner, 'documents', published, each.count));
          published += each.count;
        } else if (each.kind === 'lose') losing = each.count;
        else if (each.kind === 'rest') await new Promise((resolve) => setImmediate(resolve));
        else {
          const feed = await feeds.acquire(['documents']);
          const { epoch, offset } = feed.positions[0]!;
          const from = Math.max(0, offset - each.back);
          const outlet = new FakeOutlet();
          joined.push({ outlet, from });
          consume(feed, outlet, [{ epoch, offset: from }]);
        }
      }
      await Promise.all(appending);
      losing = 0;
      await until(async () => {
        await channels.check();
        return joined.every(({ outlet, from }) => outlet.messages.length >= published - from);
      });
      for (const { outlet, from } of joined) {
        expect(outlet.numbers).toEqual(upTo(published).slice(from));
        expect(outlet.losses).toEqual([]);
      }
      await channels.close();
      await inner.close();
    };
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 20 }), run), { numRuns: 80 });
  });

  it('gives all who follow the same topics the same message', async () => {
    const log = openMemoryEventLog();
    const { feeds, consume } = setUp(log);
    const outlets = [new FakeOutlet(), new FakeOutlet()];
    for (const outlet of outlets) consume(await feeds.acquire(['b', 'a']), outlet);
    await log.append('a', 'counted', { n: 1 });
    await until(() => outlets.every(({ messages }) => messages.length === 1));
    expect(outlets[0]!.messages[0]).toBe(outlets[1]!.messages[0]);
  });

  it('tells live clients when history was lost, and goes on', async () => {
    const log = openMemoryEventLog();
    let top = { epoch: 'other', offset: 7 };
    let restarted = false;
    const failing = override(log, {
      top: (topic: string) => (restarted ? Promise.resolve(top) : log.top(topic)),
      readAfter: (topic, after, limit) =>
        restarted && after.epoch !== top.epoch
          ? Promise.resolve({ recovered: false as const, top })
          : restarted
            ? Promise.resolve({ recovered: true as const, events: [], top })
            : log.readAfter(topic, after, limit),
    });
    const { feeds, channels, consume } = setUp(failing);
    const feed = await feeds.acquire(['documents']);
    const outlet = new FakeOutlet();
    consume(feed, outlet);
    restarted = true;
    await channels.check();
    expect(outlet.losses).toEqual([feed.cursor]);
    expect(feed.positions).toEqual([top]);
    top = { ...top, offset: 7 };
    await channels.check();
    expect(outlet.losses).toHaveLength(1);
  });
});

describe('cursors of many topics', () => {
  it('bring back each of them, also after many changes', async () => {
    const log = openMemoryEventLog();
    const { feeds } = setUp(log, 256);
    const topics = Array.from({ length: 60 }, (_, n) => `upload:${n}`);
    const feed = await feeds.acquire(topics);
    const seen: Message[] = [];
    feed.listen({ deliver: (message) => seen.push(message), lost: () => undefined });
    for (let n = 0; n < 200; n += 1) await log.append(topics[(n * 7) % 60]!, 'counted', { n });
    await until(() => seen.length === 200);
    // What the last of them refer to is kept by then.
    await new Promise((resolve) => setImmediate(resolve));
    const counts = new Map(topics.map((topic) => [topic, 0]));
    for (const { id, entry } of seen) {
      counts.set(entry.event.topic, entry.event.position.offset);
      expect(id).toMatch(/^[\w.-]{1,128}$/);
      const positions = await locate(feed, topics, id);
      expect(positions && [...positions].map(([topic, { offset }]) => [topic, offset])).toEqual([...counts]);
    }
    expect(await locate(feed, topics.slice(10, 20), seen.at(-1)!.id)).toHaveProperty('size', 10);
  });
});

describe('a client that is slow', () => {
  const big = { padding: 'x'.repeat(60_000) };

  async function fallBehind() {
    const log = openMemoryEventLog();
    const set = setUp(log);
    const feed = await set.feeds.acquire(['documents']);
    const [slow, quick] = [new FakeOutlet(), new FakeOutlet()];
    slow.slow = true;
    const consumer = set.consume(feed, slow);
    set.consume(feed, quick);
    for (const n of upTo(20)) await log.append('documents', 'counted', { n, ...big });
    await until(() => quick.messages.length === 20);
    return { ...set, log, slow, quick, consumer, ended: set.slow };
  }

  it('gets nothing more above 256 KiB, while others go on', async () => {
    const { slow, counts } = await fallBehind();
    expect(slow.numbers).toEqual([1, 2, 3, 4, 5]);
    expect(counts.behind).toBe(1);
  });

  it('reads on where it was once it has taken everything', async () => {
    const { slow, log, timers, ended } = await fallBehind();
    timers.pass(9999);
    slow.drain();
    await until(() => slow.messages.length === 20);
    await log.append('documents', 'counted', { n: 21 });
    await until(() => slow.messages.length === 21);
    expect(slow.numbers).toEqual(upTo(21));
    timers.pass(60_000);
    expect(ended()).toBe(0);
  });

  it('is given up after 10 s', async () => {
    const { slow, timers, ended } = await fallBehind();
    timers.pass(9999);
    expect(ended()).toBe(0);
    timers.pass(1);
    expect(ended()).toBe(1);
    slow.drain();
    expect(slow.messages).toHaveLength(5);
  });

  it('is given up above 1 MiB', async () => {
    const log = openMemoryEventLog();
    const { feeds, consume, slow } = setUp(log);
    const outlet = new FakeOutlet();
    outlet.slow = true;
    consume(await feeds.acquire(['documents']), outlet);
    await log.append('documents', 'counted', { padding: 'x'.repeat(1_100_000) });
    await until(() => slow() === 1);
  });

  it('gets nothing once it is stopped', async () => {
    const { slow, consumer, log } = await fallBehind();
    consumer.stop();
    slow.drain();
    await log.append('documents', 'counted', { n: 21 });
    await new Promise((resolve) => setImmediate(resolve));
    expect(slow.messages).toHaveLength(5);
  });
});

describe('topics that nobody follows', () => {
  it('are let go after a while', async () => {
    const log = openMemoryEventLog();
    const { feeds, channels, timers } = setUp(log);
    const feed = await feeds.acquire(['a', 'b']);
    feeds.release(feed);
    timers.pass(59_999);
    await channels.check();
    expect(channels.size).toBe(2);
    const again = await feeds.acquire(['a']);
    timers.pass(1);
    await channels.check();
    expect(channels.size).toBe(1);
    feeds.release(again);
  });
});
