import { Busy } from '../errors';
import type { KeyValueStore } from '../models/keyvalue';
import { LeaseHeld, withLease } from '../models/keyvalue/lease';

/** A lease outlives a process that died by so long. */
const LEASE_MS = 30_000;

/**
 * Runs `work` while nobody else, in whatever process, runs work under the same key.
 * @param waitMs how long to wait for somebody else
 * @param work gets a signal that is aborted once others may be at work
 * @throws `Busy` when the other one takes too long
 */
export async function alone<T>(
  keyvalue: KeyValueStore,
  key: string,
  waitMs: number,
  work: (lost: AbortSignal) => Promise<T>,
): Promise<T> {
  try {
    return await withLease(keyvalue, key, { ttlMs: LEASE_MS, waitMs }, (lease) => work(lease.lost));
  } catch (error) {
    if (!(error instanceof LeaseHeld)) throw error;
    throw new Busy('Another request is doing the same; try again in a moment.', error);
  }
}
