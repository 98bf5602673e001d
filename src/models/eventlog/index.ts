import type { Store } from '../store';

/** A place in the history of one topic. An epoch ends when history was lost; offsets of two epochs do not compare. */
export interface Position {
  epoch: string;
  /** Of the last event seen: 0 before the first, then 1, 2, 3 … */
  offset: number;
}

export interface LoggedEvent {
  topic: string;
  type: string;
  data: unknown;
  time: Date;
  position: Position;
}

/** History after a position: whole, or refused. */
export type History =
  | { recovered: true; events: LoggedEvent[]; top: Position }
  /** The epoch is another one, or something after the position was trimmed: `top` is where to start anew. */
  | { recovered: false; top: Position };

export type EventListener = (event: LoggedEvent) => void;

/**
 * An append-only log per topic, of bounded length.
 * Errors: `Unavailable` when the store does not answer.
 */
export interface EventLog extends Store {
  append(topic: string, type: string, data: unknown): Promise<LoggedEvent>;
  /**
   * The events after `after`, oldest first, at most `limit`; ask again from the last one's position for more.
   * Never a gap, never a duplicate.
   */
  readAfter(topic: string, after: Position, limit: number): Promise<History>;
  top(topic: string): Promise<Position>;
  /**
   * Calls the listener with each event of the topic appended from now on. Live delivery may lose events when the store
   * was away: a position that is not last + 1 tells, and `readAfter` has the rest. Once it is back the newest event is
   * told again, to those who have seen it, too, so that nobody has to wait for another one to find out.
   * @returns ends the subscription
   */
  subscribe(topic: string, listener: EventListener): Promise<() => Promise<void>>;
}
