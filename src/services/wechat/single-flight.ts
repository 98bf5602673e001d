import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Unavailable } from '../../errors';
import type { KeyValueStore } from '../../models/keyvalue';

/** Longer than the work takes; after it, the flight of a process that died is over. */
const FLIGHT_MS = 30_000;
/** So long the outcome lies there for those who wait in other processes. */
const OUTCOME_MS = 10_000;
const POLL_MS = 25;

export interface Landing<T> {
  outcome: T;
  /** Whether it was this call that did the work. */
  first: boolean;
}

/** How an outcome is written down for other processes. */
export interface Codec<T> {
  write(outcome: T, place: string): string;
  read(text: string, place: string): T;
}

/**
 * Does a piece of work once for all who ask for it while it is being done, in whichever process. Who comes later does
 * it anew: nothing is remembered.
 */
export class SingleFlight<T> {
  /** In this process. */
  private readonly flights = new Map<string, Promise<Landing<T>>>();

  constructor(
    private readonly keyvalue: KeyValueStore,
    private readonly codec: Codec<T>,
  ) {}

  /** @throws what the work throws; in other processes `Unavailable` instead, which is also thrown where the store is down */
  async run(key: string, work: () => Promise<T>): Promise<Landing<T>> {
    const flying = this.flights.get(key);
    if (flying) return { outcome: (await flying).outcome, first: false };
    const flight = this.fly(key, work).finally(() => this.flights.delete(key));
    this.flights.set(key, flight);
    return flight;
  }

  private async fly(key: string, work: () => Promise<T>): Promise<Landing<T>> {
    const own = randomBytes(16).toString('base64url');
    while (!(await this.keyvalue.set(key, own, { ttlMs: FLIGHT_MS, only: 'if-absent' }))) {
      const other = await this.keyvalue.get(key);
      if (other !== null) return { outcome: await this.follow(key, other), first: false };
    }
    try {
      const outcome = await work();
      const place = placeOf(key, own);
      // The outcome is there for us, whether or not the others can be told.
      await this.keyvalue
        .set(place, this.codec.write(outcome, place), { ttlMs: OUTCOME_MS })
        .catch(() => false);
      return { outcome, first: true };
    } finally {
      await this.keyvalue.compareAndSet(key, own, null).catch(() => false);
    }
  }

  private async follow(key: string, flight: string): Promise<T> {
    const place = placeOf(key, flight);
    for (let over = false; ;) {
      const text = await this.keyvalue.get(place);
      if (text !== null) return this.codec.read(text, place);
      if (over) throw new Unavailable('An equal request failed. Try again.');
      await sleep(POLL_MS);
      over = (await this.keyvalue.get(key)) !== flight;
    }
  }
}

function placeOf(key: string, flight: string): string {
  return `${key}:${flight}`;
}
