import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { addressOf, connect, connectListener } from '../redis/connection';
import type { RedisConnection, RedisPlace, RedisScript } from '../redis/connection';
import type { EventListener, EventLog, History, LoggedEvent, Position } from './index';
import { readBody, writeBody } from './redis/events';
import { APPEND, NEWEST, READ, TOP } from './redis/scripts';
import { Subscriptions } from './redis/subscriptions';

const HOUR = 60 * 60 * 1000;
/** How long the events of a topic are kept after the last one. */
const STREAM_MS = 24 * HOUR;
/** Longer than the stream, so that a position in a history that is gone is known to be one. */
const META_MS = 2 * STREAM_MS;

/** How the log on Redis is set up. */
export interface RedisEventLogOptions extends RedisPlace {
  /** Events kept per topic, at least; 1,000 by default. */
  capacity?: number;
  /** Milliseconds since 1970; `Date.now` by default. */
  clock?: () => number;
  /** Told what a listener threw; nobody else hears of it. */
  onListenerError?: (error: unknown) => void;
}

class RedisEventLog implements EventLog {
  readonly form = 'Redis Streams';
  readonly location: string;
  private readonly subscriptions: Subscriptions;
  /** The last call of each topic that is under way. */
  private readonly appending = new Map<string, Promise<unknown>>();

  constructor(
    private readonly redis: RedisConnection,
    private readonly listening: RedisConnection<Redis>,
    /** Begins all keys and channels. */
    private readonly prefix: string,
    private readonly options: Required<Pick<RedisEventLogOptions, 'capacity' | 'clock' | 'onListenerError'>>,
    private readonly isCluster: boolean,
  ) {
    this.location = redis.location;
    this.subscriptions = new Subscriptions(listening, {
      channelOf: (topic) => this.channelOf(topic),
      topOf: (topic) => this.top(topic),
      newestOf: (topic) => this.newest(topic),
      onListenerError: options.onListenerError,
    });
  }

  async ping(): Promise<void> {
    await Promise.all([this.redis.ping(), this.listening.ping()]);
  }

  async close(): Promise<void> {
    await Promise.all([this.redis.close(), this.subscriptions.close()]);
  }

  async append(topic: string, type: string, data: unknown): Promise<LoggedEvent> {
    const body = writeBody(type, new Date(this.options.clock()), data);
    const args = [this.options.capacity, STREAM_MS, this.channelOf(topic), body];
    const append = () => this.run(APPEND, topic, args);
    // A cluster may send a command elsewhere, where it comes after later ones.
    const { position } = await (this.isCluster ? this.inOrder(topic, append) : append());
    return readBody(topic, position, body);
  }

  async readAfter(topic: string, after: Position, limit: number): Promise<History> {
    const isOffset = Number.isSafeInteger(after.offset) && after.offset >= 0;
    const args = isOffset ? [after.epoch, after.offset, limit] : ['', 0, limit];
    const { position: top, rest } = await this.run(READ, topic, args);
    if (rest === undefined) return { recovered: false, top };
    const events = (rest as string[]).map((body, place) =>
      readBody(topic, { epoch: top.epoch, offset: after.offset + 1 + place }, body),
    );
    return { recovered: true, events, top };
  }

  async top(topic: string): Promise<Position> {
    return (await this.run(TOP, topic, [])).position;
  }

  subscribe(topic: string, listener: EventListener): Promise<() => Promise<void>> {
    return this.subscriptions.subscribe(topic, listener);
  }

  private async newest(topic: string): Promise<LoggedEvent | null> {
    const { position, rest } = await this.run(NEWEST, topic, []);
    return rest === undefined ? null : readBody(topic, position, rest as string);
  }

  /** Every script gives the epoch and the offset of the topic, and then what else it has found. */
  private async run(
    script: RedisScript,
    topic: string,
    args: (string | number)[],
  ): Promise<{ position: Position; rest: unknown }> {
    const nextEpoch = randomBytes(8).toString('hex');
    const answer = await this.redis.eval(script, this.keysOf(topic), [nextEpoch, META_MS, ...args]);
    const [epoch, offset, rest] = answer as [string, string, unknown];
    return { position: { epoch, offset: Number(offset) }, rest };
  }

  /** Begins the work once that of the calls before has ended. */
  private async inOrder<T>(topic: string, work: () => Promise<T>): Promise<T> {
    const mine = (this.appending.get(topic) ?? Promise.resolve()).then(work, work);
    this.appending.set(topic, mine);
    try {
      return await mine;
    } finally {
      if (this.appending.get(topic) === mine) this.appending.delete(topic);
    }
  }

  /** In braces what a cluster hashes: both keys are in one slot. */
  private keysOf(topic: string): [meta: string, stream: string] {
    const tag = topic.replace(/[%{}]/g, encodeURIComponent);
    return [`${this.prefix}{topic:${tag}}:meta`, `${this.prefix}{topic:${tag}}:stream`];
  }

  private channelOf(topic: string): string {
    return `${this.prefix}${topic}`;
  }
}

/**
 * The event log of several processes, on Redis 6.2 or later: per topic a stream whose ids are the offsets, and a hash
 * with epoch and offset; see `redis/scripts.ts` for when an epoch ends. All changes of a topic are scripts, so that
 * offsets have no gaps and are published in their order. Plain pub/sub rather than the sharded one: it reaches all nodes
 * of a cluster, a replica, and servers before 7.
 * @throws TypeError for a URL that is none
 */
export async function openRedisEventLog(options: RedisEventLogOptions): Promise<EventLog> {
  const what = 'The event log';
  const redis = await connect(options, what);
  // Its loss is told by the connection for commands.
  const listening = await connectListener({ ...options, log: undefined }, what);
  // Channels know no databases.
  const { kind, database } = addressOf(options);
  const prefix = `${options.prefix}${database}:events:`;
  const filled = {
    capacity: options.capacity ?? 1000,
    clock: options.clock ?? (() => Date.now()),
    onListenerError: options.onListenerError ?? (() => undefined),
  };
  return new RedisEventLog(redis, listening, prefix, filled, kind === 'cluster');
}
