import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { EventLog, LoggedEvent, Position } from '../../src/models/eventlog';
import { until } from './until';

/** Opens a log that keeps at least so many events per topic; a store may keep more. */
export type OpenEventLog = (options: { capacity: number }) => Promise<EventLog>;

/** All pages after a position, or null when the log refuses. */
export async function readAll(
  log: EventLog,
  topic: string,
  after: Position,
  limit: number,
): Promise<LoggedEvent[] | null> {
  const events: LoggedEvent[] = [];
  for (let from = after; ;) {
    const history = await log.readAfter(topic, from, limit);
    if (!history.recovered) return null;
    expect(history.events.length).toBeLessThanOrEqual(limit);
    const last = history.events.at(-1);
    if (last === undefined) {
      expect(from).toEqual(history.top);
      return events;
    }
    events.push(...history.events);
    from = last.position;
  }
}

export const offsets = (events: LoggedEvent[]): number[] => events.map(({ position }) => position.offset);
export const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

type Step =
  | { kind: 'append'; topic: number; count: number }
  | { kind: 'reopen' }
  | { kind: 'read'; limit: number; cursor: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('append'), topic: fc.nat(2), count: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen') }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('read'),
      limit: fc.integer({ min: 1, max: 7 }),
      cursor: fc.nat(),
    }),
  },
);

/**
 * What holds for every event log, whatever happened before.
 * @param open opens a log, which the suite closes; it may or may not know what was appended before it was opened
 */
export function eventLogProperties(name: string, open: OpenEventLog): void {
  describe(`${name}: event log properties`, () => {
    const capacity = 8;

    it('reads whole or refuses, whatever was appended, trimmed and lost before', async () => {
      const run = async (steps: Step[]): Promise<void> => {
        let log = await open({ capacity });
        const topics = upTo(3).map(() => `topic:${randomUUID()}`);
        /** All that ever was, over all epochs. */
        const ever = new Map<string, LoggedEvent[]>(topics.map((topic) => [topic, []]));
        /** Positions, with the place in all that ever was. */
        const cursors: { topic: string; after: Position; place: number }[] = [];
        const takeCursor = async (topic: string): Promise<void> => {
          cursors.push({ topic, after: await log.top(topic), place: ever.get(topic)!.length });
        };
        const check = async (
          { topic, after, place }: (typeof cursors)[number],
          limit: number,
        ): Promise<void> => {
          const read = await readAll(log, topic, after, limit);
          const missed = ever.get(topic)!.slice(place);
          if (read !== null) expect(read).toEqual(missed);
          else if (after.epoch === (await log.top(topic)).epoch)
            expect(missed.length).toBeGreaterThan(capacity);
        };

        for (const topic of topics) await takeCursor(topic);
        for (const each of steps) {
          if (each.kind === 'append') {
            const topic = topics[each.topic]!;
            for (const n of upTo(each.count)) {
              ever.get(topic)!.push(await log.append(topic, 'counted', { n }));
              await takeCursor(topic);
            }
          } else if (each.kind === 'reopen') {
            await log.close();
            log = await open({ capacity });
            for (const topic of topics) await takeCursor(topic);
          } else {
            await check(cursors[each.cursor % cursors.length]!, each.limit);
          }
        }
        for (const cursor of cursors) await check(cursor, 3);
        await log.close();
      };
      await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 25 }), run), { numRuns: 60 });
    });

    it('loses nothing between subscribing and reading', async () => {
      const run = async (before: number, during: number[], after: number, limit: number): Promise<void> => {
        const log = await open({ capacity: 200 });
        const topic = `topic:${randomUUID()}`;
        const start = await log.top(topic);
        const appending: Promise<LoggedEvent>[] = [];
        const append = (count: number): void => {
          for (const n of upTo(count)) appending.push(log.append(topic, 'counted', { n }));
        };
        const live: LoggedEvent[] = [];

        append(before);
        const subscribing = log.subscribe(topic, (event) => live.push(event));
        append(during[0] ?? 0);
        await subscribing;
        append(during[1] ?? 0);
        const reading = readAll(log, topic, start, limit);
        append(during[2] ?? 0);
        const history = await reading;
        append(after);

        const events = await Promise.all(appending);
        const merged = (): LoggedEvent[] => [
          ...history!,
          ...live.filter((event) => event.position.offset > (history!.at(-1)?.position.offset ?? 0)),
        ];
        await until(() => merged().length >= events.length);
        expect(merged()).toEqual(events);
        const first = live[0]?.position.offset ?? 0;
        expect(offsets(live)).toEqual(live.map((_, i) => first + i));
        await log.close();
      };
      const few = fc.nat(6);
      await fc.assert(
        fc.asyncProperty(few, fc.tuple(few, few, few), few, fc.integer({ min: 1, max: 4 }), run),
        { numRuns: 60 },
      );
    });
  });
}
