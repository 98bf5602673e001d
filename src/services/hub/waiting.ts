import { InvalidToken, NotFound, Unavailable } from '../../errors';
import type { Admission } from './credentials';
import type { Ending } from './endings';
import type { Feed } from './feed';
import type { Timers } from './timers';
import type { Watched } from './watch';

/** A request that waits for an event. */
export class Waiting implements Watched {
  private wake: () => void = () => undefined;
  private refusal: Error | null = null;

  constructor(
    readonly admission: Admission,
    readonly topics: readonly string[],
  ) {}

  /**
   * Resolves when something comes, when the time is over or when there is no use in waiting on.
   * @throws `InvalidToken`, `NotFound` when the client may not have what it waits for any more
   */
  async pause(feed: Feed, milliseconds: number, timers: Timers, signal: AbortSignal): Promise<void> {
    let leave: () => void = () => undefined;
    let takeBack: () => void = () => undefined;
    const wake = () => this.wake();
    await new Promise<void>((resolve) => {
      this.wake = resolve;
      leave = feed.listen({ deliver: wake, lost: wake });
      takeBack = timers.after(milliseconds, wake);
      signal.addEventListener('abort', wake);
      if (signal.aborted || this.refusal) resolve();
    });
    signal.removeEventListener('abort', wake);
    leave();
    takeBack();
    if (this.refusal) throw this.refusal;
  }

  /** It waits for a shorter time than it has left to refresh. */
  askToRefresh(): void {
    return;
  }

  withdraw(): void {
    this.refuse(new NotFound());
  }

  end(ending: Ending): void {
    if (ending === 'restart') this.wake();
    else if (ending === 'unavailable') this.refuse(new Unavailable('The events cannot be had right now.'));
    else this.refuse(new InvalidToken('The sign-in has ended.'));
  }

  private refuse(error: Error): void {
    this.refusal = error;
    this.wake();
  }
}
