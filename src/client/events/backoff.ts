const FIRST_MS = 1000;
const MOST_MS = 30_000;

/**
 * How long to wait before the next try: anything up to a bound that doubles each time ("full jitter"), so that clients
 * that were cut off at the same moment do not come back at the same moment.
 */
export class Backoff {
  private tries = 0;

  constructor(private readonly random: () => number) {}

  /** Milliseconds. */
  next(): number {
    const most = Math.min(MOST_MS, FIRST_MS * 2 ** this.tries);
    this.tries += 1;
    return Math.round(this.random() * most);
  }

  reset(): void {
    this.tries = 0;
  }
}
