import { InvalidRequest, Unavailable } from '../errors';
import type { EventLog } from '../models/eventlog';
import type { KeyValueStore } from '../models/keyvalue';
import type { SqlStore } from '../models/sql';
import { Channels } from './hub/channels';
import { Connection, type Peer, type Ready } from './hub/connection';
import { SignInChecks, type Admission } from './hub/credentials';
import { CursorMarks } from './hub/cursor-marks';
import { isCursorText } from './hub/cursors';
import { Feeds, type Feed } from './hub/feed';
import { locate } from './hub/locate';
import type { Message } from './hub/messages';
import { startCounting, type HubCounts, type TransportName } from './hub/metrics';
import { Places, type Place, type PlaceLimits } from './hub/places';
import { Reader } from './hub/reader';
import { systemTimers, type Timers } from './hub/timers';
import { TopicAccess, type TopicOwners } from './hub/topic-access';
import { Waiting } from './hub/waiting';
import { Watch } from './hub/watch';
import type { Clock, Log } from './runtime';
import type { Tokens } from './tokens';

/** Events of each topic that stay in the process. */
const RING_EVENTS = 256;
/** Events of one answer to a poll. */
const POLL_EVENTS = 500;
/** How often credentials and the tops of the topics are looked at: what has ended stops within 5 s. */
const CHECK_MS = 3000;

/** A client that asks for a connection. */
export interface Visitor {
  admission: Admission;
  address: string;
}

/** The answer to a poll. */
export interface Polled extends Ready {
  messages: Message[];
}

export interface Poll {
  topics: readonly string[];
  /** A cursor; undefined for now. */
  after: string | undefined;
  /** How long to wait for the first event. */
  waitMs: number;
  /** Ends the wait: the client has gone. */
  signal: AbortSignal;
}

export interface HubOptions {
  eventlog: EventLog;
  keyvalue: KeyValueStore;
  sql: Pick<SqlStore, 'signIns' | 'users'>;
  owners: TopicOwners;
  tokens: Pick<Tokens, 'admit'>;
  limits: PlaceLimits;
  /** Events of each topic that stay in the process; 256 by default. */
  ringEvents?: number;
  timers?: Timers;
  now: Clock;
  log: Log;
}

/**
 * Brings the event log to clients. It knows nothing of HTTP: a transport takes a place for a client, connects it, and
 * passes on what comes. Nothing runs before the first client.
 */
export class Hub {
  readonly timers: Timers;
  private readonly counts: HubCounts = startCounting();
  private readonly places: Places;
  private readonly channels: Channels;
  private readonly feeds: Feeds;
  private readonly access: TopicAccess;
  private readonly watch: Watch;
  private stopChecks: (() => void) | null = null;
  private draining = false;

  constructor(private readonly options: HubOptions) {
    const { eventlog, keyvalue, sql, owners, limits, now, log } = options;
    this.timers = options.timers ?? systemTimers;
    this.places = new Places(limits, this.counts);
    this.channels = new Channels({
      log: eventlog,
      ringEvents: options.ringEvents ?? RING_EVENTS,
      timers: this.timers,
      onFailure: this.reportFailure,
    });
    this.feeds = new Feeds({
      channels: this.channels,
      marks: new CursorMarks({ keyvalue, log }),
      onDelivery: ({ event }) => {
        this.counts.live += 1;
        this.counts.lagSeconds += Math.max(0, now().getTime() - event.time.getTime()) / 1000;
      },
    });
    this.access = new TopicAccess(owners);
    const signIns = new SignInChecks({ sql, now });
    this.watch = new Watch({ log: eventlog, signIns, access: this.access, now, report: log });
  }

  get metrics(): HubCounts {
    return { ...this.counts, topics: this.channels.size };
  }

  /** A place for a client, before anything is promised to it. @throws `Unavailable`, `RateLimited` */
  admit(transport: TransportName, { admission, address }: Visitor): Place {
    this.refuseWhileDraining();
    this.begin();
    return this.places.take(transport, { userId: admission.principal?.userId ?? null, address });
  }

  connect(place: Place, admission: Admission, peer: Peer): Connection {
    const connection: Connection = new Connection(place, peer, admission, {
      feeds: this.feeds,
      access: this.access,
      watch: this.watch,
      counts: this.counts,
      timers: this.timers,
      maxTopics: this.options.limits.topics,
      admit: (accessToken) => this.options.tokens.admit(accessToken),
      onEnd: (ending) => {
        this.counts.closed[ending] = (this.counts.closed[ending] ?? 0) + 1;
      },
      onFailure: this.reportFailure,
    });
    // Begun while the others were told to come back.
    if (this.draining) connection.end('restart');
    return connection;
  }

  /**
   * What came after the cursor, at once if there is something, or once there is.
   * @throws `InvalidRequest`, `Unauthenticated`, `InvalidToken`, `Forbidden`, `NotFound`, `Unavailable`, `RateLimited`
   */
  async poll(visitor: Visitor, poll: Poll): Promise<Polled> {
    const { topics, after } = poll;
    await this.access.require(visitor.admission.principal, topics);
    if (topics.length > this.options.limits.topics) {
      const message = `should be at most ${this.options.limits.topics}`;
      throw InvalidRequest.of([{ path: 'topics', message }]);
    }
    if (after !== undefined && !isCursorText(after)) {
      throw InvalidRequest.of([{ path: 'after', message: 'should be a cursor' }]);
    }
    this.begin();
    const feed = await this.feeds.acquire([...new Set(topics)]);
    try {
      const start = after === undefined ? new Map<string, never>() : await locate(feed, feed.topics, after);
      if (!start) return await this.lost(feed);
      const reader = new Reader(
        feed,
        feed.positions.map((now, place) => start.get(feed.topics[place] ?? '') ?? now),
      );
      if (poll.waitMs > 0 && reader.caughtUp) await this.wait(visitor, feed, poll);
      return await this.answer(feed, reader);
    } finally {
      this.feeds.release(feed);
    }
  }

  /** Looks at once whether everybody may still have what they get, and whether something was missed. */
  async check(): Promise<void> {
    await Promise.all([this.watch.check(), this.channels.check()]);
  }

  /**
   * Sends everybody away, to come back to another process or to the next one: those who wait at once, connections one
   * after the other over the time, so that they do not all come at the same moment. New ones are refused.
   */
  async drain(overMs: number): Promise<void> {
    this.draining = true;
    const all = [...this.watch];
    const waiting = all.filter((one) => one instanceof Waiting);
    for (const one of waiting) one.end('restart');
    const connections = all.filter((one) => !(one instanceof Waiting));
    await Promise.all(
      connections.map(async (connection, place) => {
        const ms = (overMs * place) / connections.length;
        if (ms > 0) await new Promise<void>((resolve) => this.timers.after(ms, resolve));
        connection.end('restart');
      }),
    );
  }

  /** Ends what is left. The stores may be closed then. */
  async close(): Promise<void> {
    this.draining = true;
    this.stopChecks?.();
    for (const one of [...this.watch]) {
      if (one instanceof Connection) one.cut();
      else one.end('restart');
    }
    await this.channels.close();
  }

  private readonly reportFailure = (error: unknown): void => {
    this.options.log.warn({ err: error }, 'events could not be read');
  };

  /** From the first client on, credentials and topics are looked at. */
  private begin(): void {
    this.stopChecks ??= this.timers.every(CHECK_MS, () => {
      this.check().catch(this.reportFailure);
    });
  }

  private refuseWhileDraining(): void {
    if (this.draining) throw new Unavailable('The server is stopping.', undefined, 1);
  }

  private async wait(visitor: Visitor, feed: Feed, { waitMs, signal }: Poll): Promise<void> {
    if (this.draining) return;
    const place = this.admit('polling', visitor);
    const waiting = new Waiting(visitor.admission, feed.topics);
    this.watch.add(waiting);
    try {
      await waiting.pause(feed, waitMs, this.timers, signal);
    } finally {
      this.watch.remove(waiting);
      place.leave();
    }
  }

  private async answer(feed: Feed, reader: Reader): Promise<Polled> {
    const messages: Message[] = [];
    while (!reader.caughtUp && messages.length < POLL_EVENTS) {
      if (!(await reader.fill())) return this.lost(feed);
      for (
        let message = reader.take();
        message;
        message = messages.length < POLL_EVENTS ? reader.take() : undefined
      ) {
        messages.push(message);
      }
    }
    this.counts.deliveries.polling += messages.length;
    const next = reader.cursor;
    await reader.settled();
    return { messages, next, recovered: true };
  }

  /** Nothing of the past, and where it goes on. */
  private async lost(feed: Feed): Promise<Polled> {
    this.counts.lost += 1;
    const reader = new Reader(feed, feed.positions);
    const next = reader.cursor;
    await reader.settled();
    return { messages: [], next, recovered: false };
  }
}
