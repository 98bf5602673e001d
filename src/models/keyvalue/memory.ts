import { Unavailable } from '../../errors';
import type { KeyValueStore, SetOptions } from './index';
import { wholeLifetime } from './lifetime';

/** How the in-process store is set up. */
export interface MemoryKeyValueOptions {
  /** Milliseconds since any fixed moment; `Date.now` by default. */
  clock?: () => number;
  /** Entries kept at most, 1,000,000 by default. */
  maxEntries?: number;
  /** What it begins with. */
  entries?: Iterable<Entry>;
  /** Told of each entry that is written, and of each that goes (null), in the same go as the call that does it. */
  onChange?: (key: string, entry: Readonly<Entry> | null) => void;
}

/** A key with its value. */
export interface Entry {
  readonly key: string;
  value: string;
  /** By the clock; `Infinity` when it stays. */
  expiresAt: number;
}

const SWEEP_EVERY_MS = 1_000;
/** Entries looked at per sweep, so that a full store does not hold up the process for long. */
const SWEEP_ENTRIES = 10_000;
/** Entries looked at when there is no room for a new one. */
const SWEEP_ENTRIES_FOR_ROOM = 1_000;

/** Whole numbers as Redis reads them: no sign before 0, no leading zeros. */
const WHOLE_NUMBER = /^(?:0|-?[1-9]\d*)$/;

class MemoryKeyValue implements KeyValueStore {
  readonly form = 'in process';
  readonly location = null;
  readonly #clock: () => number;
  readonly #maxEntries: number;
  readonly #onChange: (key: string, entry: Readonly<Entry> | null) => void;
  readonly #entries = new Map<string, Entry>();
  /** Where the sweep goes on: the iterator of a Map bears insertions and deletions between two steps. */
  #hand = this.#entries.values();
  /** Entries that have a lifetime. */
  #mortal = 0;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor({ clock, maxEntries, entries, onChange }: MemoryKeyValueOptions) {
    this.#clock = clock ?? (() => Date.now());
    this.#maxEntries = maxEntries ?? 1_000_000;
    this.#onChange = onChange ?? (() => undefined);
    for (const entry of entries ?? []) this.#add(entry);
    this.#sweepWhileNeeded();
  }

  ping(): Promise<void> {
    return this.#step(() => undefined);
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#entries.clear();
    this.#mortal = 0;
    this.#stopSweeping();
    return Promise.resolve();
  }

  get(key: string): Promise<string | null> {
    return this.#step(() => this.#find(key)?.value ?? null);
  }

  set(key: string, value: string, options: SetOptions = {}): Promise<boolean> {
    return this.#step(() => {
      const expiresAt = options.ttlMs === undefined ? Infinity : this.#after(options.ttlMs);
      const entry = this.#find(key);
      if (options.only === 'if-absent' && entry !== undefined) return false;
      if (options.only === 'if-present' && entry === undefined) return false;
      this.#write(entry, key, value, expiresAt);
      return true;
    });
  }

  compareAndSet(key: string, expected: string, next: string | null, ttlMs?: number): Promise<boolean> {
    return this.#step(() => {
      const expiresAt = ttlMs === undefined ? undefined : this.#after(ttlMs);
      const entry = this.#find(key);
      if (entry?.value !== expected) return false;
      if (next === null) this.#remove(entry);
      else this.#write(entry, key, next, expiresAt ?? entry.expiresAt);
      return true;
    });
  }

  delete(key: string): Promise<boolean> {
    return this.#step(() => {
      const entry = this.#find(key);
      if (entry === undefined) return false;
      this.#remove(entry);
      return true;
    });
  }

  increment(key: string, by: number, ttlMs: number): Promise<number> {
    return this.#step(() => {
      const expiresAt = this.#after(ttlMs);
      const entry = this.#find(key);
      const value = entry?.value ?? '0';
      if (!WHOLE_NUMBER.test(value)) throw new TypeError(`the value of ${key} is not a whole number`);
      const sum = Number(value) + by;
      if (!Number.isSafeInteger(by) || !Number.isSafeInteger(sum)) {
        throw new RangeError(`${by} cannot be added to ${key}`);
      }
      this.#write(entry, key, String(sum), entry?.expiresAt ?? expiresAt);
      return sum;
    });
  }

  timeToLive(key: string): Promise<number | null> {
    return this.#step(() => {
      const entry = this.#find(key);
      if (entry === undefined || entry.expiresAt === Infinity) return null;
      return entry.expiresAt - this.#clock();
    });
  }

  /** Runs one call in one go, which makes it atomic; what it throws becomes a rejection. */
  #step<T>(work: () => T): Promise<T> {
    return new Promise((resolve) => {
      if (this.#closed) throw new Unavailable('The key-value store is closed.');
      resolve(work());
    });
  }

  #after(ttlMs: number): number {
    return this.#clock() + wholeLifetime(ttlMs);
  }

  /** The entry, unless it has expired: expiry is exact here, whenever the sweep comes by. */
  #find(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.expiresAt > this.#clock()) return entry;
    this.#remove(entry);
    return undefined;
  }

  #write(entry: Entry | undefined, key: string, value: string, expiresAt: number): void {
    if (entry === undefined) {
      this.#makeRoom();
      this.#add({ key, value, expiresAt });
    } else {
      if (entry.expiresAt !== Infinity) this.#mortal -= 1;
      entry.value = value;
      entry.expiresAt = expiresAt;
      if (expiresAt !== Infinity) this.#mortal += 1;
    }
    this.#onChange(key, { key, value, expiresAt });
    this.#sweepWhileNeeded();
  }

  #add(entry: Entry): void {
    this.#entries.set(entry.key, entry);
    if (entry.expiresAt !== Infinity) this.#mortal += 1;
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry.key);
    if (entry.expiresAt !== Infinity) this.#mortal -= 1;
    this.#onChange(entry.key, null);
    this.#sweepWhileNeeded();
  }

  /** Refuses rather than evicts: a lease or a used ticket that vanished early would be a hole. */
  #makeRoom(): void {
    if (this.#entries.size >= this.#maxEntries) this.#sweep(SWEEP_ENTRIES_FOR_ROOM);
    if (this.#entries.size >= this.#maxEntries) throw new Unavailable('The key-value store is full.');
  }

  #sweepWhileNeeded(): void {
    if (this.#mortal === 0) this.#stopSweeping();
    else this.#timer ??= setInterval(() => this.#sweep(SWEEP_ENTRIES), SWEEP_EVERY_MS).unref();
  }

  #stopSweeping(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Removes what has expired among the next `count` entries, going round. */
  #sweep(count: number): void {
    const now = this.#clock();
    for (let left = Math.min(count, this.#entries.size); left > 0;) {
      const next = this.#hand.next();
      if (next.done === true) {
        this.#hand = this.#entries.values();
        if (this.#entries.size === 0) return;
        continue;
      }
      left -= 1;
      if (next.value.expiresAt <= now) this.#remove(next.value);
    }
  }
}

/**
 * A key-value store that lives and ends with the process.
 * Besides a closed store, a full one rejects with `Unavailable` too: nothing is evicted before its time.
 */
export function openMemoryKeyValue(options: MemoryKeyValueOptions = {}): KeyValueStore {
  return new MemoryKeyValue(options);
}
