import type { Redis } from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';
import { Unavailable } from '../../../errors';
import type { RedisConnection } from '../../redis/connection';
import type { EventListener, LoggedEvent, Position } from '../index';
import { readMessage } from './events';

/** A connection that only listens finds out by asking that nobody is there any more. */
const PING_MS = 5000;
/** Channels that are subscribed again at once. */
const BATCH = 500;
const RETRY_MS = 200;

interface Subscription {
  readonly listener: EventListener;
  /** What came up to here is not for it. */
  readonly since: Position;
}

interface Followed {
  readonly topic: string;
  readonly channel: string;
  readonly subscriptions: Set<Subscription>;
  /** Subscribers whose subscription is not there yet. */
  joining: number;
}

interface SubscriptionsOptions {
  channelOf: (topic: string) => string;
  /** @throws `Unavailable` */
  topOf: (topic: string) => Promise<Position>;
  /** Null when there is none. @throws `Unavailable` */
  newestOf: (topic: string) => Promise<LoggedEvent | null>;
  onListenerError: (error: unknown) => void;
}

/** All listeners of this process on one connection, which hears of each topic once. */
export class Subscriptions {
  /** By channel. */
  private readonly followed = new Map<string, Followed>();
  private readonly pings: NodeJS.Timeout;
  /** How often the connection was made. */
  private connections = 0;
  private closed = false;

  constructor(
    private readonly redis: RedisConnection<Redis>,
    private readonly options: SubscriptionsOptions,
  ) {
    redis.client.on('message', (channel: string, message: string) => this.receive(channel, message));
    redis.client.on('ready', () => {
      this.connections += 1;
      void this.catchUp(this.connections);
    });
    this.pings = setInterval(() => {
      if (redis.isOpen) redis.ping().catch(() => undefined);
    }, PING_MS).unref();
  }

  /** @returns ends it @throws `Unavailable` */
  async subscribe(topic: string, listener: EventListener): Promise<() => Promise<void>> {
    const followed = this.follow(topic);
    let subscription: Subscription;
    followed.joining += 1;
    try {
      await this.redis.run((client) => client.subscribe(followed.channel));
      // What was published before may still be on its way, above all within a cluster.
      subscription = { listener, since: await this.options.topOf(topic) };
      if (this.closed) throw new Unavailable('The event log is closed.');
      followed.subscriptions.add(subscription);
    } finally {
      followed.joining -= 1;
      await this.leaveUnused(followed);
    }
    return () => {
      followed.subscriptions.delete(subscription);
      return this.leaveUnused(followed);
    };
  }

  async close(): Promise<void> {
    this.closed = true;
    clearInterval(this.pings);
    this.followed.clear();
    await this.redis.close();
  }

  private follow(topic: string): Followed {
    const channel = this.options.channelOf(topic);
    const known = this.followed.get(channel);
    if (known) return known;
    const followed: Followed = { topic, channel, subscriptions: new Set(), joining: 0 };
    this.followed.set(channel, followed);
    return followed;
  }

  private async leaveUnused(followed: Followed): Promise<void> {
    const { channel, subscriptions, joining } = followed;
    if (subscriptions.size > 0 || joining > 0 || this.followed.get(channel) !== followed) return;
    this.followed.delete(channel);
    // A connection that is gone has left it, and the next one will not join it.
    if (this.redis.isOpen)
      await this.redis.run((client) => client.unsubscribe(channel)).catch(() => undefined);
  }

  private receive(channel: string, message: string): void {
    const followed = this.followed.get(channel);
    if (followed) this.deliver(followed, readMessage(followed.topic, message));
  }

  private deliver({ subscriptions }: Followed, event: LoggedEvent): void {
    const { epoch, offset } = event.position;
    for (const { listener, since } of subscriptions) {
      if (this.closed) return;
      if (epoch === since.epoch && offset <= since.offset) continue;
      try {
        listener(event);
      } catch (error) {
        this.options.onListenerError(error);
      }
    }
  }

  /** Takes up what was followed before, over a new connection, and tells the newest event of each topic. */
  private async catchUp(connection: number): Promise<void> {
    // Whoever joins just now asks for the channel themselves.
    const left = [...this.followed.values()].filter(({ subscriptions }) => subscriptions.size > 0);
    while (left.length > 0 && !this.closed && this.connections === connection) {
      const batch = left.slice(-BATCH);
      try {
        await this.redis.run((client) => client.subscribe(...batch.map(({ channel }) => channel)));
        await Promise.all(batch.map((followed) => this.tellNewest(followed)));
        left.length -= batch.length;
      } catch {
        await sleep(RETRY_MS, undefined, { ref: false });
      }
    }
  }

  private async tellNewest(followed: Followed): Promise<void> {
    const event = await this.options.newestOf(followed.topic);
    if (event) this.deliver(followed, event);
  }
}
