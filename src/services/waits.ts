import { Unavailable } from '../errors';

/** One request that waits for a key to change. */
export interface Wait {
  /** True once waiting on is of no use: nobody is there to be answered, or a newer request took the place. */
  readonly over: boolean;
  /** Ends when the key was woken since the last pause ended, after the time, or when the wait is over. */
  pause(milliseconds: number): Promise<void>;
}

class Waiting implements Wait {
  over = false;
  private woken = false;
  private resume: () => void = () => undefined;

  wake(): void {
    this.woken = true;
    this.resume();
  }

  end = (): void => {
    this.over = true;
    this.resume();
  };

  async pause(milliseconds: number): Promise<void> {
    if (!this.over && !this.woken) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, milliseconds);
        this.resume = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.woken = false;
  }
}

/**
 * The requests of this process that wait for something to change. There are at most so many of them, and at most so
 * many for one key: a newer one then ends the oldest, whose client has most likely gone.
 */
export class Waits {
  private readonly byKey = new Map<string, Set<Waiting>>();
  private count = 0;
  private draining = false;

  constructor(
    private readonly most: number,
    private readonly mostOfKey: number,
  ) {}

  /** How many wait now. */
  get size(): number {
    return this.count;
  }

  /** Lets those who wait for the key look again. */
  wake(key: string): void {
    for (const waiting of this.byKey.get(key) ?? []) waiting.wake();
  }

  /** Ends every wait, and from now on each one at once: the process is about to stop. */
  drain(): void {
    this.draining = true;
    for (const waitings of this.byKey.values()) for (const waiting of waitings) waiting.end();
  }

  /**
   * Runs `work`, which looks at the key and pauses in turn.
   * @param signal ends the wait
   * @throws `Unavailable` when too many wait already
   */
  async hold<T>(key: string, signal: AbortSignal, work: (wait: Wait) => Promise<T>): Promise<T> {
    if (this.count >= this.most) throw new Unavailable('Too many requests are waiting.');
    const waiting = new Waiting();
    if (signal.aborted || this.draining) waiting.end();
    this.enter(key, waiting);
    signal.addEventListener('abort', waiting.end);
    try {
      return await work(waiting);
    } finally {
      signal.removeEventListener('abort', waiting.end);
      this.leave(key, waiting);
    }
  }

  private enter(key: string, waiting: Waiting): void {
    const waitings = this.byKey.get(key) ?? new Set();
    const alive = [...waitings].filter((one) => !one.over);
    if (alive.length >= this.mostOfKey) alive[0]?.end();
    this.byKey.set(key, waitings.add(waiting));
    this.count += 1;
  }

  private leave(key: string, waiting: Waiting): void {
    const waitings = this.byKey.get(key);
    waitings?.delete(waiting);
    if (waitings?.size === 0) this.byKey.delete(key);
    this.count -= 1;
  }
}
