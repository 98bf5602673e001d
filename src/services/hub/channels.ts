import { Channel, type ChannelOptions } from './channel';
import type { Timers } from './timers';

/** A topic that nobody follows stays for so long, for those who poll or come back. */
const LINGER_MS = 60_000;
/** Topics that nobody follows, at most. */
const MOST_IDLE = 1000;

interface Held {
  opening: Promise<Channel>;
  users: number;
  idleSince: number;
}

/** The topics that are followed in this process, each once, whatever the transport. */
export class Channels {
  /** Idle ones in the order in which they became so. */
  private readonly held = new Map<string, Held>();

  constructor(private readonly options: ChannelOptions & { timers: Timers }) {}

  get size(): number {
    return this.held.size;
  }

  /** @throws `Unavailable` */
  async acquire(topic: string): Promise<Channel> {
    const held = this.held.get(topic) ?? this.open(topic);
    held.users += 1;
    try {
      return await held.opening;
    } catch (error) {
      if (this.held.get(topic) === held) this.held.delete(topic);
      throw error;
    }
  }

  release({ topic }: Channel): void {
    const held = this.held.get(topic);
    if (!held) return;
    held.users -= 1;
    if (held.users > 0) return;
    held.idleSince = this.options.timers.now();
    this.held.delete(topic);
    this.held.set(topic, held);
  }

  /** Compares each topic with the log, and lets go of those that nobody has followed for a while. */
  async check(): Promise<void> {
    const idle = [...this.held].filter(([, { users }]) => users === 0);
    const now = this.options.timers.now();
    for (const [place, [topic, { opening, idleSince }]] of idle.entries()) {
      if (now - idleSince < LINGER_MS && idle.length - place <= MOST_IDLE) break;
      this.held.delete(topic);
      await (await opening).close();
    }
    for (const { opening } of this.held.values()) {
      try {
        await (await opening).check();
      } catch (error) {
        this.options.onFailure(error);
      }
    }
  }

  async close(): Promise<void> {
    const all = [...this.held.values()];
    this.held.clear();
    for (const { opening } of all) {
      const [opened] = await Promise.allSettled([opening]);
      if (opened.status === 'fulfilled') await opened.value.close();
    }
  }

  private open(topic: string): Held {
    const held = { opening: Channel.open(topic, this.options), users: 0, idleSince: 0 };
    held.opening.catch(() => undefined);
    this.held.set(topic, held);
    return held;
  }
}
