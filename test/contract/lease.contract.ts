import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { Unavailable } from '../../src/errors';
import type { KeyValueStore } from '../../src/models/keyvalue';
import {
  LeaseHeld,
  LeaseLost,
  withLease,
  type Lease,
  type LeaseOptions,
} from '../../src/models/keyvalue/lease';
import { until } from './until';

/** Time that goes on only when told: sleepers wake once the clock has passed their moment. */
class ManualTime {
  now = 0;
  readonly slept: number[] = [];
  #sleepers: { ms: number; at: number; wake: () => void }[] = [];

  readonly clock = (): number => this.now;

  readonly sleep = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      if (signal.aborted) {
        resolve();
        return;
      }
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.slept.push(ms);
      this.#sleepers.push({ ms, at: this.now + ms, wake });
      signal.addEventListener('abort', wake);
    });

  /** Waits until somebody has gone to sleep for exactly that long. */
  sleeperFor(ms: number): Promise<void> {
    return until(() => this.#sleepers.some((sleeper) => sleeper.ms === ms));
  }

  pass(ms: number): void {
    this.now += ms;
    const due = this.#sleepers.filter(({ at }) => at <= this.now);
    this.#sleepers = this.#sleepers.filter(({ at }) => at > this.now);
    for (const { wake } of due) wake();
  }
}

/** The store with another compareAndSet. */
function withCompareAndSet(
  store: KeyValueStore,
  compareAndSet: KeyValueStore['compareAndSet'],
): KeyValueStore {
  return {
    form: store.form,
    location: store.location,
    ping: () => store.ping(),
    close: () => store.close(),
    get: (key) => store.get(key),
    set: (key, value, options) => store.set(key, value, options),
    compareAndSet,
    delete: (key) => store.delete(key),
    increment: (key, by, ttlMs) => store.increment(key, by, ttlMs),
    timeToLive: (key) => store.timeToLive(key),
  };
}

interface Deferred<T> {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: Error) => void;
}

function deferred<T>(): Deferred<T> {
  let settle: Omit<Deferred<T>, 'promise'> | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...settle! };
}

/** A lease that is held until told otherwise. */
function hold(store: KeyValueStore, key: string, options: LeaseOptions) {
  const held = deferred<Lease>();
  const work = deferred<string>();
  const done = withLease(store, key, options, (lease) => {
    held.resolve(lease);
    return work.promise;
  });
  done.catch(held.reject);
  return { held: held.promise, finish: work.resolve, done };
}

/**
 * What a lease does on every key-value store. Lifetimes are either so long that they never end within a test, or
 * nobody renews them.
 * @param open opens a store of its own, which the suite closes
 */
export function leaseContract(form: string, open: () => Promise<KeyValueStore>): void {
  describe(`${form}: lease`, () => {
    const ttlMs = 60_000;
    const third = ttlMs / 3;
    let store: KeyValueStore;
    let name: string;
    /** Of its entry. */
    let key: string;
    let time: ManualTime;

    beforeEach(async () => {
      store = await open();
      name = randomUUID();
      key = `lease:${name}`;
      time = new ManualTime();
    });

    afterEach(() => store.close());

    /** Renewal by manual time. */
    const manual = (): LeaseOptions => ({ ttlMs, waitMs: 0, clock: time.clock, sleep: time.sleep });

    it('gives what the work gives, and is free afterwards', async () => {
      const result = await withLease(store, name, { ttlMs, waitMs: 0 }, async (lease) => {
        expect(lease.lost.aborted).toBe(false);
        await expect(store.timeToLive(key)).resolves.toBeGreaterThan(0);
        return 'done';
      });
      expect(result).toBe('done');
      await expect(store.get(key)).resolves.toBeNull();
    });

    it.each([
      ['rejects', () => Promise.reject(new Error('broken'))],
      [
        'throws',
        () => {
          throw new Error('broken');
        },
      ],
    ])('passes on the error of work that %s, and is free afterwards', async (_, work) => {
      await expect(withLease(store, name, { ttlMs, waitMs: 0 }, work)).rejects.toThrow('broken');
      await expect(store.get(key)).resolves.toBeNull();
    });

    it('lets callers in one at a time, and all of them in the end', async () => {
      let inside = 0;
      let most = 0;
      const results = await Promise.all(
        Array.from({ length: 12 }, (_, i) =>
          withLease(store, name, { ttlMs, waitMs: ttlMs }, async () => {
            most = Math.max(most, (inside += 1));
            await wait(2);
            inside -= 1;
            return i;
          }),
        ),
      );
      expect(most).toBe(1);
      expect(results).toEqual(Array.from({ length: 12 }, (_, i) => i));
    });

    it('keeps leases of different keys apart', async () => {
      const other = hold(store, `${name}:other`, { ttlMs, waitMs: 0 });
      await other.held;
      await expect(withLease(store, name, { ttlMs, waitMs: 0 }, () => Promise.resolve(1))).resolves.toBe(1);
      other.finish('done');
      await other.done;
    });

    it.each([0, 40])('is refused after %d ms while somebody else holds it', async (waitMs) => {
      const holder = hold(store, name, { ttlMs, waitMs: 0 });
      await holder.held;
      const token = await store.get(key);
      const work = jest.fn(() => Promise.resolve());
      await expect(withLease(store, name, { ttlMs, waitMs }, work)).rejects.toThrow(LeaseHeld);
      expect(work).not.toHaveBeenCalled();
      await expect(store.get(key)).resolves.toBe(token);
      holder.finish('done');
      await expect(holder.done).resolves.toBe('done');
    });

    it('asks again ever more rarely, within the time allowed', async () => {
      await store.set(key, 'somebody');
      const sleep = (ms: number, signal: AbortSignal): Promise<void> => {
        const slept = time.sleep(ms, signal);
        time.pass(ms);
        return slept;
      };
      const taking = withLease(store, name, { ttlMs, waitMs: 500, clock: time.clock, sleep }, () =>
        Promise.resolve(),
      );
      await expect(taking).rejects.toThrow(LeaseHeld);
      expect(time.slept[0]).toBeLessThanOrEqual(4);
      expect(Math.max(...time.slept)).toBeLessThanOrEqual(50);
      expect(time.slept.reduce((sum, ms) => sum + ms, 0)).toBeCloseTo(500);
      expect(time.slept.length).toBeLessThan(30);
    });

    it('is taken over when its holder has died', async () => {
      await store.set(key, 'dead', { ttlMs: 50 });
      await expect(
        withLease(store, name, { ttlMs, waitMs: ttlMs }, () => Promise.resolve('mine')),
      ).resolves.toBe('mine');
    });

    it('is renewed at each third of its lifetime, until the work ends', async () => {
      const holder = hold(store, name, manual());
      const lease = await holder.held;
      const token = await store.get(key);
      for (let renewal = 1; renewal <= 5; renewal += 1) {
        await time.sleeperFor(third);
        // As if the lifetime were nearly over: a renewal makes it a whole one again.
        await expect(store.compareAndSet(key, token ?? '', token, ttlMs / 2)).resolves.toBe(true);
        time.pass(third);
        await until(async () => ((await store.timeToLive(key)) ?? 0) > ttlMs / 2);
      }
      expect(lease.lost.aborted).toBe(false);
      holder.finish('done');
      await holder.done;
      await expect(store.get(key)).resolves.toBeNull();
    });

    it.each(['gone', 'taken by somebody else'])('is lost when the entry is %s', async (what) => {
      const holder = hold(store, name, manual());
      const { lost } = await holder.held;
      if (what === 'gone') await store.delete(key);
      else await store.set(key, 'somebody else');
      time.pass(third);
      await until(() => lost.aborted);
      expect(lost.reason).toBeInstanceOf(LeaseLost);
      holder.finish('done');
      await expect(holder.done).resolves.toBe('done');
      await expect(store.get(key)).resolves.toBe(what === 'gone' ? null : 'somebody else');
    });

    it('bears a store that fails for less than the lifetime', async () => {
      let asked = 0;
      const faulty = withCompareAndSet(store, (...call) => {
        asked += 1;
        return asked % 3 === 0 ? store.compareAndSet(...call) : Promise.reject(new Unavailable('down'));
      });
      const holder = hold(faulty, name, manual());
      const { lost } = await holder.held;
      for (let renewal = 1; renewal <= 9; renewal += 1) {
        await time.sleeperFor(third);
        time.pass(third);
        await until(() => asked === renewal);
      }
      await time.sleeperFor(third);
      expect(lost.aborted).toBe(false);
      holder.finish('done');
      await holder.done;
    });

    it.each([
      ['fails', third, () => Promise.reject(new Unavailable('down'))],
      ['does not answer', 2 * third, () => new Promise<boolean>(() => undefined)],
    ])('is lost when the store %s for the whole lifetime', async (_, sleepsFor, answer) => {
      let down = true;
      const faulty = withCompareAndSet(store, (...call) => (down ? answer() : store.compareAndSet(...call)));
      const holder = hold(faulty, name, manual());
      const { lost } = await holder.held;
      await time.sleeperFor(third);
      time.pass(third);
      await time.sleeperFor(sleepsFor);
      expect(lost.aborted).toBe(false);
      time.pass(2 * third);
      await until(() => lost.aborted);
      expect(lost.reason).toBeInstanceOf(LeaseLost);
      down = false;
      holder.finish('done');
      await expect(holder.done).resolves.toBe('done');
    });

    it('gives what the work gives even if it cannot be released', async () => {
      const faulty = withCompareAndSet(store, () => Promise.reject(new Unavailable('down')));
      await expect(
        withLease(faulty, name, { ttlMs, waitMs: 0 }, () => Promise.resolve('done')),
      ).resolves.toBe('done');
    });

    it('leaves no entry behind when the answer to the taking got lost', async () => {
      const faulty: KeyValueStore = {
        ...withCompareAndSet(store, (...call) => store.compareAndSet(...call)),
        set: async (...call) => {
          await store.set(...call);
          throw new Unavailable('no answer');
        },
      };
      const work = jest.fn(() => Promise.resolve());
      await expect(withLease(faulty, name, { ttlMs, waitMs: 0 }, work)).rejects.toThrow(Unavailable);
      expect(work).not.toHaveBeenCalled();
      await expect(store.get(key)).resolves.toBeNull();
    });

    it('does not start the work on a closed store', async () => {
      await store.close();
      const work = jest.fn(() => Promise.resolve());
      await expect(withLease(store, name, { ttlMs, waitMs: ttlMs }, work)).rejects.toThrow(Unavailable);
      expect(work).not.toHaveBeenCalled();
    });
  });
}
