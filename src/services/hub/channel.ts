import type { EventLog, LoggedEvent, Position } from '../../models/eventlog';
import { Entry } from './messages';
import { Ring } from './ring';

/** Events that one reading of the log gives. */
const READ_EVENTS = 500;

/** Who follows a topic in this process. */
export interface Follower {
  /** The next event: never one left out, never one twice. */
  take(channel: Channel, entry: Entry): void;
  /** History was lost: the topic goes on from `channel.last`. */
  startAnew(channel: Channel): void;
}

export interface ChannelOptions {
  log: EventLog;
  /** Events of each topic that are kept in the process. */
  ringEvents: number;
  /** Told of readings of the log that failed; they are made again with the next check. */
  onFailure: (error: unknown) => void;
}

/**
 * One topic in this process: its last events, and those who follow it. Live delivery may lose events, so whatever does
 * not continue what is here is read from the log, which has the last word.
 */
export class Channel {
  private readonly followers = new Set<Follower>();
  private stop: () => Promise<void> = () => Promise.resolve();
  private repairing: Promise<void> | null = null;
  /** Whether something came that the repair under way may not have read. */
  private stale = false;
  private closed = false;

  private constructor(
    readonly topic: string,
    private ring: Ring,
    private readonly options: ChannelOptions,
  ) {}

  /** Begins to follow a topic: first what comes is noticed, then where it is and what was there before is read. */
  static async open(topic: string, options: ChannelOptions): Promise<Channel> {
    const { log, ringEvents } = options;
    const channel = new Channel(topic, new Ring(ringEvents, { epoch: '', offset: 0 }), options);
    let opened = false;
    channel.stop = await log.subscribe(topic, (event) => {
      if (opened) channel.receive(event);
      else channel.stale = true;
    });
    try {
      await channel.fill();
      if (channel.stale) await channel.repair();
    } catch (error) {
      await channel.close();
      throw error;
    }
    opened = true;
    if (channel.stale) channel.repairSoon();
    return channel;
  }

  get last(): Position {
    return this.ring.last;
  }

  follow(follower: Follower): () => void {
    this.followers.add(follower);
    return () => this.followers.delete(follower);
  }

  /** The events after the offset in the present epoch, as far as they are here; null when they are not all here. */
  recent(offset: number, limit: number): Entry[] | null {
    return this.ring.after(offset, limit);
  }

  /** The same from the log; null when they are not all there either. @throws `Unavailable` */
  async read(after: Position, limit: number): Promise<Entry[] | null> {
    const history = await this.options.log.readAfter(this.topic, after, limit);
    return history.recovered ? history.events.map((event) => new Entry(event)) : null;
  }

  /** Compares with the top of the log, in case live delivery lost something. @throws `Unavailable` */
  async check(): Promise<void> {
    const { epoch, offset } = await this.options.log.top(this.topic);
    if (epoch !== this.last.epoch || offset !== this.last.offset) await this.repair();
  }

  async close(): Promise<void> {
    this.closed = true;
    this.followers.clear();
    await this.stop();
  }

  private receive(event: LoggedEvent): void {
    const { epoch, offset } = event.position;
    if (this.repairing === null && this.ring.continues(event.position)) this.accept(event);
    else if (epoch !== this.last.epoch || offset > this.last.offset) this.repairSoon();
  }

  private repairSoon(): void {
    this.repair().catch(this.options.onFailure);
  }

  private async fill(): Promise<void> {
    const { log, ringEvents } = this.options;
    const top = await log.top(this.topic);
    const after = { epoch: top.epoch, offset: Math.max(0, top.offset - ringEvents) };
    const history = await log.readAfter(this.topic, after, ringEvents);
    this.ring = new Ring(ringEvents, history.recovered ? after : history.top);
    if (history.recovered) for (const event of history.events) this.accept(event);
  }

  /** Reads on until nothing is missing; one repair at a time. */
  private repair(): Promise<void> {
    this.stale = true;
    this.repairing ??= this.readOn().finally(() => {
      this.repairing = null;
    });
    return this.repairing;
  }

  private async readOn(): Promise<void> {
    while (this.stale && !this.closed) {
      this.stale = false;
      const history = await this.options.log.readAfter(this.topic, this.last, READ_EVENTS);
      if (!history.recovered) this.startAnew(history.top);
      else for (const event of history.events) this.accept(event);
      if (history.top.offset > this.last.offset) this.stale = true;
    }
  }

  private accept(event: LoggedEvent): void {
    if (!this.ring.continues(event.position)) return;
    const entry = new Entry(event);
    this.ring.push(entry);
    for (const follower of this.followers) follower.take(this, entry);
  }

  private startAnew(top: Position): void {
    this.ring = new Ring(this.options.ringEvents, top);
    for (const follower of this.followers) follower.startAnew(this);
  }
}
