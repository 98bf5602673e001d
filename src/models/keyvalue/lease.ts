import { randomBytes } from 'node:crypto';
import { setTimeout as timeout } from 'node:timers/promises';
import type { KeyValueStore } from './index';

/** Where the entries of leases lie: a store that survives its process lets go of them with it. */
export const LEASE_PREFIX = 'lease:';

/** Somebody else held the lease all the time that was allowed for waiting. */
export class LeaseHeld extends Error {
  constructor(readonly key: string) {
    super(`the lease ${key} is held by somebody else`);
    this.name = 'LeaseHeld';
  }
}

/** The reason of the `lost` signal: others may hold the lease by now. */
export class LeaseLost extends Error {
  constructor(
    readonly key: string,
    cause?: unknown,
  ) {
    super(`the lease ${key} is lost`, cause === undefined ? undefined : { cause });
    this.name = 'LeaseLost';
  }
}

/** What the work under a lease sees of it. */
export interface Lease {
  /** Aborted, with a `LeaseLost` as its reason, as soon as the work may no longer count on being alone. */
  readonly lost: AbortSignal;
}

export interface LeaseOptions {
  /** Milliseconds after which the lease of a process that died is free; renewed at a third of it. */
  ttlMs: number;
  /** Milliseconds to wait while somebody else holds it; 0 asks once. */
  waitMs: number;
  /** Milliseconds that only go forward; `performance.now` by default. */
  clock?: () => number;
  /** Resolves after so many milliseconds, or as soon as the signal is aborted. */
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
}

const FIRST_WAIT_MS = 4;
const LONGEST_WAIT_MS = 50;

type Answer = 'ours' | 'not ours' | { failure: unknown };

/** One try of one caller at one lease. The token tells its entry from those of all others. */
class Holding {
  readonly #entry: string;
  readonly #token = randomBytes(16).toString('base64url');
  readonly #clock: () => number;
  readonly #sleep: (ms: number, signal: AbortSignal) => Promise<void>;

  constructor(
    readonly store: KeyValueStore,
    readonly key: string,
    readonly options: LeaseOptions,
  ) {
    this.#entry = `${LEASE_PREFIX}${key}`;
    this.#clock = options.clock ?? (() => performance.now());
    this.#sleep = options.sleep ?? sleepUnlessAborted;
  }

  /** @returns until when it is ours without a renewal, by the clock */
  async take(ended: AbortSignal): Promise<number> {
    const { ttlMs, waitMs } = this.options;
    const deadline = this.#clock() + waitMs;
    for (let attempt = 0; ; attempt += 1) {
      const askedAt = this.#clock();
      if (await this.store.set(this.#entry, this.#token, { ttlMs, only: 'if-absent' }))
        return askedAt + ttlMs;
      const left = deadline - this.#clock();
      if (left <= 0) throw new LeaseHeld(this.key);
      await this.#sleep(Math.min(left, jitteredWait(attempt)), ended);
    }
  }

  /** Renews until the end or the loss. The lifetime counts from the moment of asking, which is the careful end. */
  async keep(ownUntil: number, ended: AbortSignal, lost: AbortController): Promise<void> {
    const { ttlMs } = this.options;
    for (let until = ownUntil; ;) {
      await this.#sleep(Math.max(0, Math.min(ttlMs / 3, until - this.#clock())), ended);
      if (ended.aborted) return;
      const askedAt = this.#clock();
      const answer = await this.#renew(until - askedAt, ended);
      if (answer === 'ours') {
        until = askedAt + ttlMs;
      } else if (answer === 'not ours' || this.#clock() >= until) {
        lost.abort(new LeaseLost(this.key, answer === 'not ours' ? undefined : answer.failure));
        return;
      }
    }
  }

  /** Best effort: an entry that cannot be removed now expires by itself. */
  async release(): Promise<void> {
    await this.store.compareAndSet(this.#entry, this.#token, null).catch(() => false);
  }

  /** A store that does not answer while the lease lasts has failed, even if it answers later. */
  #renew(leftMs: number, ended: AbortSignal): Promise<Answer> {
    const renewed = this.store.compareAndSet(this.#entry, this.#token, this.#token, this.options.ttlMs);
    return Promise.race([
      renewed.then(
        (ours): Answer => (ours ? 'ours' : 'not ours'),
        (failure: unknown): Answer => ({ failure }),
      ),
      this.#sleep(Math.max(0, leftMs), ended).then((): Answer => ({ failure: undefined })),
    ]);
  }
}

/**
 * Runs the work while no other caller, in whichever process, runs work under the same key. A lease is no proof against
 * a process that was stopped for longer than the lifetime: the work has to heed `lost`, and what it writes at last
 * should be guarded by a compare-and-set of its own.
 * @returns what the work returns, also when the lease was lost meanwhile
 * @throws LeaseHeld when the lease was not free within `waitMs`, `Unavailable` when the store does not answer,
 *   and what the work throws
 */
export async function withLease<T>(
  store: KeyValueStore,
  key: string,
  options: LeaseOptions,
  work: (lease: Lease) => Promise<T>,
): Promise<T> {
  const holding = new Holding(store, key, options);
  const ended = new AbortController();
  const lost = new AbortController();
  try {
    const until = await holding.take(ended.signal);
    const kept = holding.keep(until, ended.signal, lost);
    try {
      return await work({ lost: lost.signal });
    } finally {
      ended.abort();
      await kept;
    }
  } finally {
    // Also after a failed try: the store may have taken the entry although its answer never came.
    await holding.release();
  }
}

/** Doubles from a few milliseconds on; the jitter keeps those who wait from asking in step. */
function jitteredWait(attempt: number): number {
  const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt);
  return longest * (0.5 + Math.random() / 2);
}

async function sleepUnlessAborted(ms: number, signal: AbortSignal): Promise<void> {
  // The only error of this timer is the abortion.
  await timeout(ms, undefined, { signal }).catch(() => undefined);
}
