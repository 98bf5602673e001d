import type { Store } from '../store';

export interface SetOptions {
  /** Milliseconds until the entry is gone; without it the entry stays. */
  ttlMs?: number;
  /** Write only when the key is (not) there. */
  only?: 'if-absent' | 'if-present';
}

/**
 * Small values that many processes share and that may expire: sessions, tickets, QR states, leases, counters.
 * Every call is one atomic step. Errors: `Unavailable` when the store does not answer.
 */
export interface KeyValueStore extends Store {
  get(key: string): Promise<string | null>;
  /** @returns whether it was written */
  set(key: string, value: string, options?: SetOptions): Promise<boolean>;
  /**
   * Writes `next` only if the value is `expected`; `next` null removes the entry.
   * Without `ttlMs` the entry keeps the lifetime that it has.
   * @returns whether it was the expected value
   */
  compareAndSet(key: string, expected: string, next: string | null, ttlMs?: number): Promise<boolean>;
  /** @returns whether it was there */
  delete(key: string): Promise<boolean>;
  /** Adds to a whole number, starting at 0; `ttlMs` counts from the first addition. @returns the sum */
  increment(key: string, by: number, ttlMs: number): Promise<number>;
  /** Milliseconds left; null for a key that is not there or does not expire. */
  timeToLive(key: string): Promise<number | null>;
}
