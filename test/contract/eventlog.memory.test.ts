import fc from 'fast-check';
import type { EventLog, LoggedEvent, Position } from '../../src/models/eventlog';
import { openMemoryEventLog } from '../../src/models/eventlog/memory';
import { eventLogContract } from './eventlog.contract';
import { readAll } from './eventlog.properties';
import { until } from './until';

eventLogContract('in process', ({ capacity }) => Promise.resolve(openMemoryEventLog({ capacity })));

describe('in process: event log', () => {
  const appendTo = async (log: EventLog, topic: string, count: number): Promise<void> => {
    for (let n = 1; n <= count; n += 1) await log.append(topic, 'counted', n);
  };

  it('lies nowhere', () => {
    expect(openMemoryEventLog()).toMatchObject({ form: 'in process', location: null });
  });

  it('tells the time of its clock', async () => {
    const log = openMemoryEventLog({ clock: () => 86_400_000 });
    expect((await log.append('topic', 'timed', null)).time).toEqual(new Date('1970-01-02T00:00:00Z'));
  });

  it('calls listeners after the appender has its position', async () => {
    const log = openMemoryEventLog();
    const order: string[] = [];
    await log.subscribe('topic', () => order.push('delivered'));
    await log.append('topic', 'counted', null).then(() => order.push('appended'));
    await until(() => order.length === 2);
    expect(order).toEqual(['appended', 'delivered']);
  });

  it('delivers nothing that was appended before the subscription, even if it is not delivered yet', async () => {
    const log = openMemoryEventLog();
    const late: number[] = [];
    const early: number[] = [];
    await log.subscribe('topic', (event) => early.push(event.position.offset));
    void log.append('topic', 'counted', 1);
    await log.subscribe('topic', (event) => late.push(event.position.offset));
    void log.append('topic', 'counted', 2);
    await until(() => early.length === 2 && late.length > 0);
    expect(late).toEqual([2]);
  });

  it('is silent as soon as a listener has closed it', async () => {
    const log = openMemoryEventLog();
    const seen: number[] = [];
    await log.subscribe('topic', (event) => {
      seen.push(event.position.offset);
      void log.close();
    });
    await log.subscribe('topic', (event) => seen.push(event.position.offset));
    await appendTo(log, 'topic', 3);
    await until(() => seen.length > 0);
    expect(seen).toEqual([1]);
  });

  it('tells what a listener threw', async () => {
    const onListenerError = jest.fn();
    const log = openMemoryEventLog({ onListenerError });
    const error = new Error('a bad listener');
    await log.subscribe('topic', () => {
      throw error;
    });
    await log.append('topic', 'heard', null);
    await until(() => onListenerError.mock.calls.length === 1);
    expect(onListenerError).toHaveBeenCalledWith(error);
  });

  it.each([1, 2, 7])('keeps exactly its capacity of %d', async (capacity) => {
    const log = openMemoryEventLog({ capacity });
    const { epoch } = await log.top('topic');
    await appendTo(log, 'topic', 20);
    for (let offset = 0; offset <= 20; offset += 1) {
      const read = await readAll(log, 'topic', { epoch, offset }, 3);
      if (20 - offset > capacity) expect(read).toBeNull();
      else
        expect(read?.map(({ data }) => data)).toEqual(
          Array.from({ length: 20 - offset }, (_, i) => offset + 1 + i),
        );
    }
  });

  it('begins another epoch at each start', async () => {
    const epochs = new Set<string>();
    for (let start = 0; start < 20; start += 1) epochs.add((await openMemoryEventLog().top('topic')).epoch);
    expect(epochs.size).toBe(20);
  });

  describe('with more topics than it keeps', () => {
    it('drops the one that was unused for longest, and never in silence', async () => {
      const log = openMemoryEventLog({ maxTopics: 2 });
      const atStart = await log.top('a');
      await appendTo(log, 'a', 3);
      await appendTo(log, 'b', 3);
      const [a, b] = [await log.top('a'), await log.top('b')];
      await log.readAfter('a', a, 1);
      await appendTo(log, 'c', 1);

      await expect(readAll(log, 'a', atStart, 10)).resolves.toHaveLength(3);
      await expect(log.readAfter('b', b, 10)).resolves.toMatchObject({
        recovered: false,
        top: { offset: 0 },
      });
      await expect(log.readAfter('b', atStart, 10)).resolves.toMatchObject({ recovered: false });
      // It comes back to the very offset of the lost position, but in another epoch.
      await appendTo(log, 'b', 3);
      const back = await log.readAfter('b', b, 10);
      expect(back).toMatchObject({ recovered: false, top: { offset: 3 } });
      expect(back.top.epoch).not.toBe(b.epoch);
    });

    it('never drops a topic that somebody listens to, with or without events', async () => {
      const log = openMemoryEventLog({ maxTopics: 2 });
      const seen: string[] = [];
      const start = await log.top('a');
      await appendTo(log, 'a', 1);
      const ends = await Promise.all(
        ['a', 'b', 'c'].map((topic) => log.subscribe(topic, (event) => seen.push(event.topic))),
      );
      for (let n = 0; n < 10; n += 1) await appendTo(log, `other${n}`, 1);
      for (const topic of ['a', 'b', 'c']) await appendTo(log, topic, 1);
      await until(() => seen.length === 3);
      await expect(readAll(log, 'a', start, 10)).resolves.toHaveLength(2);

      await Promise.all(ends.map((end) => end()));
      for (let n = 0; n < 10; n += 1) await appendTo(log, `other${n}`, 1);
      await expect(readAll(log, 'a', start, 10)).resolves.toBeNull();
    });

    it('does not count topics that were only listened to', async () => {
      const log = openMemoryEventLog({ maxTopics: 2 });
      const start = await log.top('a');
      await appendTo(log, 'a', 1);
      for (let n = 0; n < 10; n += 1) {
        const end = await log.subscribe(`other${n}`, () => undefined);
        await end();
      }
      await expect(readAll(log, 'a', start, 10)).resolves.toHaveLength(1);
    });

    it('reads whole or refuses, whichever topics come and go', async () => {
      const names = ['a', 'b', 'c', 'd', 'e'];
      const action = fc.record({
        kind: fc.constantFrom('append', 'append', 'append', 'listen', 'leave', 'look'),
        topic: fc.constantFrom(...names),
      });
      type Action = { kind: string; topic: string };
      const run = async (actions: Action[], maxTopics: number): Promise<void> => {
        const log = openMemoryEventLog({ maxTopics, capacity: 4 });
        const ever = new Map<string, LoggedEvent[]>(names.map((name) => [name, []]));
        const ends = new Map<string, () => Promise<void>>();
        const cursors: { topic: string; after: Position; place: number }[] = [];
        for (const { kind, topic } of actions) {
          const events = ever.get(topic)!;
          if (kind === 'append') events.push(await log.append(topic, 'counted', events.length));
          else if (kind === 'listen') ends.set(topic, await log.subscribe(topic, () => undefined));
          else if (kind === 'leave') await ends.get(topic)?.();
          cursors.push({ topic, after: await log.top(topic), place: events.length });
          for (const cursor of cursors) {
            const read = await readAll(log, cursor.topic, cursor.after, 3);
            if (read !== null) expect(read).toEqual(ever.get(cursor.topic)!.slice(cursor.place));
          }
        }
      };
      await fc.assert(
        fc.asyncProperty(fc.array(action, { maxLength: 40 }), fc.integer({ min: 1, max: 4 }), run),
        { numRuns: 100 },
      );
    });
  });
});
