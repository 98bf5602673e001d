import type { Position } from '../../models/eventlog';
import type { Channel } from './channel';
import { decodeCursor, epochFingerprint, topicFingerprint, type Cursor, type Mark } from './cursors';
import type { CursorMarks } from './cursor-marks';
import type { Feed } from './feed';

/**
 * The positions that a cursor names.
 * @param topics of the feed, each of which the cursor has to cover
 * @returns by topic; null when the cursor is none of ours, leaves a topic out, or is of an epoch that has ended
 * @throws `Unavailable`
 */
export async function locate(
  feed: Feed,
  topics: readonly string[],
  after: string,
): Promise<Map<string, Position> | null> {
  const cursor = decodeCursor(after);
  const marks = cursor && (await marksOf(cursor, feed.marks));
  if (!marks) return null;
  const byTopic = new Map(marks.map((mark) => [mark.topic, mark]));
  const positions = new Map<string, Position>();
  for (const topic of topics) {
    const channel = feed.channels[feed.topics.indexOf(topic)];
    const mark = byTopic.get(topicFingerprint(topic));
    const position = channel && mark && (await positionOf(channel, mark));
    if (!position) return null;
    positions.set(topic, position);
  }
  return positions;
}

async function marksOf(cursor: Cursor, store: CursorMarks): Promise<Mark[] | null> {
  if (cursor.kind === 'whole') return cursor.marks;
  const marks = await store.find(cursor.key);
  if (!marks) return null;
  const changed = new Map(cursor.changes);
  return marks.map((mark, index) => ({ ...mark, offset: changed.get(index) ?? mark.offset }));
}

async function positionOf(channel: Channel, { epoch, offset }: Mark): Promise<Position | null> {
  // Another process may be further than this one.
  if (offset > channel.last.offset) await channel.check();
  const { last } = channel;
  if (epochFingerprint(last.epoch) !== epoch || offset > last.offset) return null;
  return { epoch: last.epoch, offset };
}
