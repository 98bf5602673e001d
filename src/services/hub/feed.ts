import type { Position } from '../../models/eventlog';
import type { Channel, Follower } from './channel';
import type { Channels } from './channels';
import type { CursorMarks } from './cursor-marks';
import { CursorWriter } from './cursor-writer';
import { Message, type Entry } from './messages';

/** Who gets what comes on a set of topics. */
export interface Listener {
  deliver(message: Message): void;
  /** History was lost; `next` is the cursor from which it goes on. */
  lost(next: string): void;
}

/**
 * A set of topics, shared by all in this process who follow exactly these: they get the same events in the same order,
 * so that each event has one id for all of them.
 */
export class Feed implements Follower {
  /** Where each topic is, in their order. */
  readonly positions: Position[];
  private readonly places: Map<Channel, number>;
  private readonly listeners = new Set<Listener>();
  private readonly unfollow: (() => void)[];
  private readonly writer: CursorWriter;
  private readonly messages = new WeakMap<Entry, Message>();

  constructor(
    /** Names the set. */
    readonly key: string,
    readonly topics: readonly string[],
    readonly channels: readonly Channel[],
    readonly marks: CursorMarks,
    private readonly onDelivery: (entry: Entry) => void,
  ) {
    this.writer = new CursorWriter(topics, marks);
    this.positions = channels.map(({ last }) => last);
    this.places = new Map(channels.map((channel, place) => [channel, place]));
    this.unfollow = channels.map((channel) => channel.follow(this));
  }

  get cursor(): string {
    return this.writer.write(this.positions);
  }

  /**
   * The event as whoever is there after it gets it. Where there is but one topic it has the same id for all, whether
   * they get it live or later: it is written once, even when many come back at the same time.
   */
  messageOf(entry: Entry, after: { readonly cursor: string }): Message {
    if (this.topics.length > 1) return new Message(entry, after.cursor);
    const known = this.messages.get(entry);
    if (known) return known;
    const message = new Message(entry, after.cursor);
    this.messages.set(entry, message);
    return message;
  }

  /** Gives the listener everything from now on. @returns what ends that */
  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  take(channel: Channel, entry: Entry): void {
    this.move(channel);
    if (this.listeners.size === 0) return;
    const message = this.messageOf(entry, this);
    this.onDelivery(entry);
    for (const listener of this.listeners) listener.deliver(message);
  }

  startAnew(channel: Channel): void {
    this.move(channel);
    const next = this.cursor;
    for (const listener of this.listeners) listener.lost(next);
  }

  close(): void {
    for (const unfollow of this.unfollow) unfollow();
  }

  private move(channel: Channel): void {
    const place = this.places.get(channel);
    if (place !== undefined) this.positions[place] = channel.last;
  }
}

interface Held {
  opening: Promise<Feed>;
  users: number;
}

interface FeedsOptions {
  channels: Channels;
  marks: CursorMarks;
  /** Told of each event that goes out live. */
  onDelivery: (entry: Entry) => void;
}

/** The sets of topics that are followed in this process. */
export class Feeds {
  private readonly held = new Map<string, Held>();

  constructor(private readonly options: FeedsOptions) {}

  /** @param topics each once, in any order @throws `Unavailable` */
  async acquire(topics: readonly string[]): Promise<Feed> {
    const sorted = [...topics].sort();
    const key = sorted.join(' ');
    const held = this.held.get(key) ?? { opening: this.open(key, sorted), users: 0 };
    this.held.set(key, held);
    held.users += 1;
    try {
      return await held.opening;
    } catch (error) {
      if (this.held.get(key) === held) this.held.delete(key);
      throw error;
    }
  }

  release(feed: Feed): void {
    const held = this.held.get(feed.key);
    if (!held) return;
    held.users -= 1;
    if (held.users > 0) return;
    this.held.delete(feed.key);
    feed.close();
    for (const channel of feed.channels) this.options.channels.release(channel);
  }

  private async open(key: string, topics: string[]): Promise<Feed> {
    const { channels, marks, onDelivery } = this.options;
    const acquired = await Promise.allSettled(topics.map((topic) => channels.acquire(topic)));
    const opened = acquired.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const failed = acquired.find((one) => one.status === 'rejected');
    if (failed) {
      for (const channel of opened) channels.release(channel);
      throw failed.reason;
    }
    return new Feed(key, topics, opened, marks, onDelivery);
  }
}
