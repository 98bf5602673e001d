import type { Position } from '../../models/eventlog';
import type { Feed, Listener } from './feed';
import type { Message } from './messages';
import type { HubCounts, TransportName } from './metrics';
import { Reader } from './reader';
import type { Timers } from './timers';

/** Above so many bytes unsent a client is behind, and gets nothing more until it has taken them. */
export const BEHIND_BYTES = 256 * 1024;
/** So many bytes unsent, or so long behind, are the end. */
export const MOST_BYTES = 1024 * 1024;
const MOST_MS = 10_000;

/** Where the events of one connection go out. */
export interface Outlet extends Listener {
  /** Bytes that were given and have not left the process. */
  readonly unsent: number;
  /** Calls back, once, when there are none. */
  whenDrained(resume: () => void): void;
}

interface ConsumerOptions {
  feed: Feed;
  /** After which it begins. */
  positions: readonly Position[];
  outlet: Outlet;
  transport: TransportName;
  counts: HubCounts;
  timers: Timers;
  /** The client does not take what it is sent. */
  onSlow: () => void;
  /** The log cannot be read. */
  onFailure: (error: unknown) => void;
}

/**
 * Brings a feed to one connection. It reads on from where the client was, out of the ring or the log, until nothing is
 * missing, and is live from then on. A client that is behind is left alone, and later reads on from where it was: it
 * makes nobody wait, and nothing piles up for it.
 */
export class Consumer implements Listener {
  /** Where it is, unless it is live: then it is where the feed is. */
  private held: readonly Position[];
  private leave: (() => void) | null = null;
  private giveUp: () => void = () => undefined;
  private stopped = false;

  constructor(private readonly options: ConsumerOptions) {
    this.held = options.positions;
  }

  get live(): boolean {
    return this.leave !== null;
  }

  get positions(): readonly Position[] {
    return this.live ? [...this.options.feed.positions] : this.held;
  }

  /**
   * Looks whether all that the client missed is there, before anything is promised to it.
   * @returns false when it is not: it then begins with what comes now
   * @throws `Unavailable`
   */
  async prepare(): Promise<boolean> {
    const { feed } = this.options;
    if (await new Reader(feed, this.held).fill()) return true;
    this.held = [...feed.positions];
    return false;
  }

  start(): void {
    this.catchUp().catch((error: unknown) => {
      if (!this.stopped) this.options.onFailure(error);
    });
  }

  stop(): void {
    this.stopped = true;
    this.stand();
    this.giveUp();
  }

  deliver(message: Message): void {
    this.options.outlet.deliver(message);
    this.count();
    this.look();
  }

  lost(next: string): void {
    this.options.counts.lost += 1;
    this.options.outlet.lost(next);
  }

  private count(): void {
    const { counts, transport } = this.options;
    counts.deliveries[transport] += 1;
  }

  /** Looks whether the client takes what it is sent. */
  private look(): void {
    const { outlet } = this.options;
    if (this.live && outlet.unsent > BEHIND_BYTES) {
      this.stand();
      this.fallBehind();
    }
  }

  /** Ends being live. */
  private stand(): void {
    if (!this.leave) return;
    this.held = [...this.options.feed.positions];
    this.leave();
    this.leave = null;
  }

  private async catchUp(): Promise<void> {
    const { feed, outlet, counts } = this.options;
    const reader = new Reader(feed, this.held);
    this.held = reader.positions;
    while (!this.stopped && !reader.caughtUp) {
      const whole = await reader.fill();
      if (this.isStopped()) return;
      if (!whole) {
        this.held = [...feed.positions];
        this.lost(feed.cursor);
        this.start();
        return;
      }
      for (let message = reader.take(); message; message = reader.take()) {
        outlet.deliver(message);
        this.count();
        counts.replayed += 1;
        if (this.isStopped()) return;
        if (outlet.unsent > BEHIND_BYTES) {
          this.fallBehind();
          return;
        }
      }
    }
    if (!this.stopped) this.goLive();
  }

  /** Asked anew: `stop` is called from elsewhere. */
  private isStopped(): boolean {
    return this.stopped;
  }

  private goLive(): void {
    this.leave = this.options.feed.listen(this);
  }

  private fallBehind(): void {
    const { outlet, counts, timers, onSlow } = this.options;
    if (outlet.unsent > MOST_BYTES) {
      onSlow();
      return;
    }
    counts.behind += 1;
    let over = false;
    const takeBack = timers.after(MOST_MS, () => {
      over = true;
      onSlow();
    });
    this.giveUp = takeBack;
    outlet.whenDrained(() => {
      takeBack();
      if (!over && !this.stopped) this.start();
    });
  }
}
