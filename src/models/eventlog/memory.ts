import { randomBytes } from 'node:crypto';
// Imported rather than global, so that delivery goes on where a test has replaced the global timers.
import { setImmediate } from 'node:timers';
import { Unavailable } from '../../errors';
import { frozenFrom, jsonOf } from './frozen';
import type { EventListener, EventLog, History, LoggedEvent, Position } from './index';

/** How the in-process log is set up. */
export interface MemoryEventLogOptions {
  /** Events kept per topic, at least 1; 1,000 by default. */
  capacity?: number;
  /**
   * Topics kept, 2,000 by default. Beyond it those are dropped that nobody listens to, the longest unused first;
   * topics with listeners stay, however many they are.
   */
  maxTopics?: number;
  /** Milliseconds since 1970; `Date.now` by default. */
  clock?: () => number;
  /** Told what a listener threw; nobody else hears of it. */
  onListenerError?: (error: unknown) => void;
}

interface Subscription {
  readonly listener: EventListener;
  /** The last offset before it began. */
  readonly since: number;
}

interface Topic {
  readonly name: string;
  readonly epoch: string;
  /** Of the last event; 0 before the first. */
  top: number;
  /** The last events; that of offset n is at (n - 1) modulo the capacity. */
  readonly ring: LoggedEvent[];
  readonly subscriptions: Set<Subscription>;
}

class MemoryEventLog implements EventLog {
  readonly form = 'in process';
  readonly location = null;
  readonly #options: Required<MemoryEventLogOptions>;
  readonly #topics = new Map<string, Topic>();
  /** Topics without listeners, the longest unused first. */
  readonly #idle = new Set<Topic>();
  /** Of topics that begin from now on. */
  #epoch = newEpoch();
  /** Appended, but not yet told to the listeners. */
  #undelivered: { topic: Topic; event: LoggedEvent }[] = [];
  #closed = false;

  constructor(options: Required<MemoryEventLogOptions>) {
    this.#options = options;
  }

  ping(): Promise<void> {
    return this.#step(() => undefined);
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#topics.clear();
    this.#idle.clear();
    this.#undelivered = [];
    return Promise.resolve();
  }

  append(topicName: string, type: string, data: unknown): Promise<LoggedEvent> {
    return this.#step(() => {
      const copy = frozenFrom(jsonOf(data));
      const topic = this.#ensure(topicName);
      topic.top += 1;
      const event: LoggedEvent = Object.freeze({
        topic: topicName,
        type,
        data: copy,
        time: new Date(this.#options.clock()),
        position: Object.freeze({ epoch: topic.epoch, offset: topic.top }),
      });
      topic.ring[(topic.top - 1) % this.#options.capacity] = event;
      this.#touch(topic);
      this.#deliverLater(topic, event);
      return event;
    });
  }

  readAfter(topicName: string, after: Position, limit: number): Promise<History> {
    return this.#step((): History => {
      const topic = this.#topics.get(topicName);
      const top = this.#topOf(topic);
      const trimmed = top.offset - (topic?.ring.length ?? 0);
      const known =
        Number.isSafeInteger(after.offset) && after.offset >= trimmed && after.offset <= top.offset;
      if (after.epoch !== top.epoch || !known) return { recovered: false, top };
      if (topic === undefined) return { recovered: true, events: [], top };
      this.#touch(topic);
      return { recovered: true, events: this.#between(topic, after.offset, after.offset + limit), top };
    });
  }

  top(topicName: string): Promise<Position> {
    return this.#step(() => {
      const topic = this.#topics.get(topicName);
      if (topic !== undefined) this.#touch(topic);
      return this.#topOf(topic);
    });
  }

  subscribe(topicName: string, listener: EventListener): Promise<() => Promise<void>> {
    return this.#step(() => {
      const topic = this.#ensure(topicName);
      const subscription: Subscription = { listener, since: topic.top };
      topic.subscriptions.add(subscription);
      this.#idle.delete(topic);
      return () => {
        this.#unsubscribe(topic, subscription);
        return Promise.resolve();
      };
    });
  }

  /** Runs one call in one go, which makes it atomic; what it throws becomes a rejection. */
  #step<T>(work: () => T): Promise<T> {
    return new Promise((resolve) => {
      if (this.#closed) throw new Unavailable('The event log is closed.');
      resolve(work());
    });
  }

  #topOf(topic: Topic | undefined): Position {
    return topic === undefined
      ? { epoch: this.#epoch, offset: 0 }
      : { epoch: topic.epoch, offset: topic.top };
  }

  /** The events of offsets (after, upTo], as far as there are any. */
  #between(topic: Topic, after: number, upTo: number): LoggedEvent[] {
    const events: LoggedEvent[] = [];
    for (let offset = after + 1; offset <= Math.min(upTo, topic.top); offset += 1) {
      const event = topic.ring[(offset - 1) % this.#options.capacity];
      if (event !== undefined) events.push(event);
    }
    return events;
  }

  #ensure(name: string): Topic {
    const known = this.#topics.get(name);
    if (known !== undefined) return known;
    this.#makeRoom();
    const topic: Topic = { name, epoch: this.#epoch, top: 0, ring: [], subscriptions: new Set() };
    this.#topics.set(name, topic);
    return topic;
  }

  #makeRoom(): void {
    for (const topic of this.#idle) {
      if (this.#topics.size < this.#options.maxTopics) return;
      this.#idle.delete(topic);
      this.#topics.delete(topic.name);
      // When the topic comes back it starts in another epoch, so that a position in the history that is gone
      // is refused. Remembering the dropped names instead would need the memory that dropping saves.
      this.#epoch = newEpoch();
    }
  }

  /** Moves a topic that nobody listens to behind all others that might be dropped. */
  #touch(topic: Topic): void {
    if (topic.subscriptions.size > 0) return;
    this.#idle.delete(topic);
    this.#idle.add(topic);
  }

  #unsubscribe(topic: Topic, subscription: Subscription): void {
    if (!topic.subscriptions.delete(subscription) || topic.subscriptions.size > 0 || this.#closed) return;
    // A topic without a single event has no history to lose.
    if (topic.top === 0) this.#topics.delete(topic.name);
    else this.#touch(topic);
  }

  /**
   * Listeners are called in a turn of their own: the appender has its position by then, and the order holds even if
   * a listener appends.
   */
  #deliverLater(topic: Topic, event: LoggedEvent): void {
    if (topic.subscriptions.size === 0) return;
    if (this.#undelivered.push({ topic, event }) === 1) setImmediate(() => this.#deliver());
  }

  #deliver(): void {
    const deliveries = this.#undelivered;
    this.#undelivered = [];
    for (const { topic, event } of deliveries) {
      for (const { listener, since } of topic.subscriptions) {
        if (this.#closed) return;
        if (event.position.offset <= since) continue;
        try {
          listener(event);
        } catch (error) {
          this.#options.onListenerError(error);
        }
      }
    }
  }
}

/** 64 random bits, `[0-9a-f]{16}`. */
function newEpoch(): string {
  return randomBytes(8).toString('hex');
}

/**
 * The event log of a machine of one: a ring per topic, and a fresh epoch at each start, since the history ends with
 * the process. Data that JSON cannot express (a cycle, a BigInt) makes `append` reject with a TypeError.
 */
export function openMemoryEventLog(options: MemoryEventLogOptions = {}): EventLog {
  return new MemoryEventLog({
    capacity: 1_000,
    maxTopics: 2_000,
    clock: () => Date.now(),
    onListenerError: () => undefined,
    ...options,
  });
}
