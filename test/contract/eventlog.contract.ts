import { randomUUID } from 'node:crypto';
import { Unavailable } from '../../src/errors';
import type { EventLog, LoggedEvent } from '../../src/models/eventlog';
import { eventLogProperties, offsets, readAll, upTo, type OpenEventLog } from './eventlog.properties';
import { until } from './until';

/**
 * What every event log does. Topics are fresh in each test, so the log need not be empty.
 * @param open opens a log, which the suite closes; it may or may not know what was appended before it was opened
 */
export function eventLogContract(name: string, open: OpenEventLog): void {
  describe(`${name}: event log contract`, () => {
    let log: EventLog;
    let topic: string;

    beforeEach(async () => {
      log = await open({ capacity: 100 });
      topic = `topic:${randomUUID()}`;
    });

    afterEach(() => log.close());

    const appendMany = (count: number): Promise<LoggedEvent[]> =>
      Promise.all(upTo(count).map((n) => log.append(topic, 'counted', { n })));

    it('names its form and answers', async () => {
      expect(log.form).toMatch(/\w/);
      await expect(log.ping()).resolves.toBeUndefined();
    });

    describe('append', () => {
      it('gives the event with its position', async () => {
        const before = Date.now();
        const first = await log.append(topic, 'document.created', { id: 7 });
        const second = await log.append(topic, 'document.updated', { id: 7 });
        expect(first).toEqual({
          topic,
          type: 'document.created',
          data: { id: 7 },
          time: expect.any(Date) as Date,
          position: { epoch: expect.stringMatching(/^[A-Za-z0-9]{1,40}$/) as string, offset: 1 },
        });
        expect(first.time.getTime()).toBeGreaterThanOrEqual(before - 1_000);
        expect(second.position).toEqual({ epoch: first.position.epoch, offset: 2 });
        await expect(log.top(topic)).resolves.toEqual(second.position);
      });

      it('counts each topic for itself', async () => {
        await appendMany(3);
        const other = await log.append(`${topic}:other`, 'counted', null);
        expect(other.position.offset).toBe(1);
        await expect(log.top(topic)).resolves.toMatchObject({ offset: 3 });
      });

      it('numbers what comes at the same moment without a gap, in the order of the calls', async () => {
        expect(offsets(await appendMany(50))).toEqual(upTo(50));
      });

      it.each<[string, unknown, unknown]>([
        ['null', null, null],
        ['nothing', undefined, null],
        ['a string', '事件 🚢\r\n\0', '事件 🚢\r\n\0'],
        ['a number', -1.5, -1.5],
        ['nested', { a: [1, { b: [] }], c: '' }, { a: [1, { b: [] }], c: '' }],
        ['a date', { at: new Date(0) }, { at: '1970-01-01T00:00:00.000Z' }],
        ['undefined members', { a: undefined, b: 1 }, { b: 1 }],
      ])('keeps data as JSON does: %s', async (_, data, expected) => {
        const seen: LoggedEvent[] = [];
        await log.subscribe(topic, (event) => seen.push(event));
        const start = await log.top(topic);
        const appended = await log.append(topic, 'kept', data);
        await until(() => seen.length === 1);
        expect(appended.data).toStrictEqual(expected);
        expect(seen).toEqual([appended]);
        await expect(readAll(log, topic, start, 10)).resolves.toEqual([appended]);
      });

      it('refuses data that JSON cannot express, and takes no offset for it', async () => {
        const cycle: Record<string, unknown> = {};
        cycle['self'] = cycle;
        await expect(log.append(topic, 'broken', cycle)).rejects.toThrow(TypeError);
        await expect(log.append(topic, 'broken', 1n)).rejects.toThrow(TypeError);
        await expect(log.append(topic, 'whole', null)).resolves.toMatchObject({ position: { offset: 1 } });
      });

      it('is not touched by what the caller or a listener does to the data later', async () => {
        const spoil = (data: unknown): void => {
          (data as { tags: string[] }).tags.push('spoiled');
        };
        const seen: string[] = [];
        await log.subscribe(topic, (event) => {
          seen.push(JSON.stringify(event.data));
          spoil(event.data);
        });
        await log.subscribe(topic, (event) => seen.push(JSON.stringify(event.data)));
        const start = await log.top(topic);
        const data = { tags: ['one'] };
        const appending = log.append(topic, 'tagged', data);
        spoil(data);
        await appending;
        await until(() => seen.length === 2);
        expect(seen).toEqual(['{"tags":["one"]}', '{"tags":["one"]}']);
        await expect(readAll(log, topic, start, 10)).resolves.toMatchObject([{ data: { tags: ['one'] } }]);
      });
    });

    describe('readAfter', () => {
      it('finds nothing in a topic without events', async () => {
        const start = await log.top(topic);
        expect(start.offset).toBe(0);
        await expect(log.readAfter(topic, start, 10)).resolves.toEqual({
          recovered: true,
          events: [],
          top: start,
        });
      });

      it('reads from the start, the middle and the end', async () => {
        const start = await log.top(topic);
        const events = await appendMany(10);
        const top = events.at(-1)?.position;
        await expect(log.readAfter(topic, start, 100)).resolves.toEqual({ recovered: true, events, top });
        const middle = events[3]!.position;
        await expect(log.readAfter(topic, middle, 100)).resolves.toEqual({
          recovered: true,
          events: events.slice(4),
          top,
        });
        await expect(log.readAfter(topic, top!, 100)).resolves.toEqual({ recovered: true, events: [], top });
      });

      it('gives the oldest events within the limit, and the top of all', async () => {
        const start = await log.top(topic);
        const events = await appendMany(10);
        await expect(log.readAfter(topic, start, 3)).resolves.toEqual({
          recovered: true,
          events: events.slice(0, 3),
          top: events.at(-1)?.position,
        });
        await expect(readAll(log, topic, start, 3)).resolves.toEqual(events);
      });

      it('refuses another epoch', async () => {
        const { position } = await log.append(topic, 'counted', null);
        await expect(log.readAfter(topic, { epoch: 'elsewhere', offset: 1 }, 10)).resolves.toEqual({
          recovered: false,
          top: position,
        });
        await expect(log.readAfter(`${topic}:none`, { epoch: 'elsewhere', offset: 0 }, 10)).resolves.toEqual({
          recovered: false,
          top: await log.top(`${topic}:none`),
        });
      });

      it.each([4, 1e9, -1, 0.5, Number.NaN])('refuses an offset that never was: %d', async (offset) => {
        const top = (await appendMany(3)).at(-1)!.position;
        await expect(log.readAfter(topic, { epoch: top.epoch, offset }, 10)).resolves.toEqual({
          recovered: false,
          top,
        });
      });

      it('refuses when something after the position was trimmed', async () => {
        const start = await log.top(topic);
        const top = (await appendMany(1_000)).at(-1)!.position;
        await expect(log.readAfter(topic, start, 10)).resolves.toEqual({ recovered: false, top });
        const within = { epoch: top.epoch, offset: 900 };
        expect(offsets((await readAll(log, topic, within, 30)) ?? [])).toEqual(upTo(1_000).slice(900));
      });
    });

    describe('subscribe', () => {
      it('delivers to each listener what is appended from then on, in order', async () => {
        await appendMany(3);
        const one: LoggedEvent[] = [];
        const two: LoggedEvent[] = [];
        await log.subscribe(topic, (event) => one.push(event));
        await log.subscribe(topic, (event) => two.push(event));
        await log.subscribe(`${topic}:other`, (event) => one.push(event));
        const events = await appendMany(20);
        await until(() => one.length >= 20 && two.length >= 20);
        expect(one).toEqual(events);
        expect(two).toEqual(events);
      });

      it('delivers to a listener once per subscription', async () => {
        const seen: LoggedEvent[] = [];
        const listener = (event: LoggedEvent): unknown => seen.push(event);
        const end = await log.subscribe(topic, listener);
        await log.subscribe(topic, listener);
        await log.append(topic, 'first', null);
        await until(() => seen.length === 2);
        await end();
        await log.append(topic, 'second', null);
        await until(() => seen.length === 3);
      });

      it('ends at once for one listener, not for the others, and may be ended twice', async () => {
        const one: number[] = [];
        const two: number[] = [];
        const end = await log.subscribe(topic, (event) => one.push(event.position.offset));
        await log.subscribe(topic, (event) => two.push(event.position.offset));
        await log.append(topic, 'counted', null);
        await until(() => one.length === 1);
        await end();
        await end();
        await appendMany(5);
        await until(() => two.length === 6);
        expect(one).toEqual([1]);
      });

      it('can be ended by a listener, for itself and for the next one', async () => {
        const seen: string[] = [];
        const ends: (() => Promise<void>)[] = [];
        for (const who of ['one', 'two']) {
          const end = await log.subscribe(topic, () => {
            seen.push(who);
            void Promise.all(ends.map((endOne) => endOne()));
          });
          ends.push(end);
        }
        await log.subscribe(topic, (event) => seen.push(`three:${event.position.offset}`));
        await appendMany(3);
        await until(() => seen.includes('three:3'));
        expect(seen).toEqual(['one', 'three:1', 'three:2', 'three:3']);
      });

      it('bears a listener that throws', async () => {
        const seen: number[] = [];
        await log.subscribe(topic, () => {
          throw new Error('a bad listener');
        });
        await log.subscribe(topic, (event) => seen.push(event.position.offset));
        await expect(appendMany(3)).resolves.toHaveLength(3);
        await until(() => seen.length === 3);
        expect(seen).toEqual([1, 2, 3]);
      });

      it('keeps the order when a listener appends', async () => {
        const seen: number[] = [];
        await log.subscribe(topic, (event) => {
          if (event.position.offset < 5) void log.append(topic, 'answered', null);
        });
        await log.subscribe(topic, (event) => seen.push(event.position.offset));
        await log.append(topic, 'asked', null);
        await until(() => seen.length === 5);
        expect(seen).toEqual([1, 2, 3, 4, 5]);
      });
    });

    it('is unavailable once closed, and silent', async () => {
      const start = await log.top(topic);
      const listener = jest.fn();
      const end = await log.subscribe(topic, listener);
      await log.close();
      const calls: (() => Promise<unknown>)[] = [
        () => log.ping(),
        () => log.append(topic, 'late', null),
        () => log.readAfter(topic, start, 1),
        () => log.top(topic),
        () => log.subscribe(topic, listener),
      ];
      for (const call of calls) await expect(call()).rejects.toThrow(Unavailable);
      await expect(end()).resolves.toBeUndefined();
      await expect(log.close()).resolves.toBeUndefined();
      expect(listener).not.toHaveBeenCalled();
    });
  });

  eventLogProperties(name, open);
}
