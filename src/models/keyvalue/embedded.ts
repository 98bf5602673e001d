import { mkdir } from 'node:fs/promises';
import path from 'node:path';
// Imported rather than global, so that writing goes on where a test has replaced the global timers.
import { setImmediate } from 'node:timers';
import { Unavailable } from '../../errors';
import type { KeyValueStore, SetOptions } from './index';
import { openJournal, type Journal } from './journal';
import { LEASE_PREFIX } from './lease';
import { openMemoryKeyValue, type Entry } from './memory';

/** How the embedded store is set up. */
export interface EmbeddedKeyValueOptions {
  /** Where the entries lie. Its folder is made when it is missing. */
  file: string;
  /** Milliseconds since 1970; `Date.now` by default. */
  clock?: () => number;
  /** Entries kept at most, 1,000,000 by default. */
  maxEntries?: number;
}

class EmbeddedKeyValue implements KeyValueStore {
  readonly form = 'in process, kept on disk';
  readonly location: string;
  readonly #journal: Journal;
  readonly #memory: KeyValueStore;
  /** What the file does not have yet. */
  readonly #changes = new Map<string, Readonly<Entry> | null>();
  #writing: Promise<void> | null = null;
  #closed = false;

  constructor(journal: Journal, { file, clock = () => Date.now(), maxEntries }: EmbeddedKeyValueOptions) {
    this.location = file;
    this.#journal = journal;
    this.#memory = openMemoryKeyValue({
      clock,
      ...(maxEntries !== undefined && { maxEntries }),
      entries: journal.load(clock()),
      onChange: (key, entry) => {
        // A lease dies with the process that holds it.
        if (!key.startsWith(LEASE_PREFIX)) this.#changes.set(key, entry);
      },
    });
  }

  ping(): Promise<void> {
    return this.#kept(this.#memory.ping());
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#memory.close();
    try {
      this.#write();
    } finally {
      this.#journal.close();
    }
  }

  get(key: string): Promise<string | null> {
    return this.#memory.get(key);
  }

  set(key: string, value: string, options?: SetOptions): Promise<boolean> {
    return this.#kept(this.#memory.set(key, value, options));
  }

  compareAndSet(key: string, expected: string, next: string | null, ttlMs?: number): Promise<boolean> {
    return this.#kept(this.#memory.compareAndSet(key, expected, next, ttlMs));
  }

  delete(key: string): Promise<boolean> {
    return this.#kept(this.#memory.delete(key));
  }

  increment(key: string, by: number, ttlMs: number): Promise<number> {
    return this.#kept(this.#memory.increment(key, by, ttlMs));
  }

  timeToLive(key: string): Promise<number | null> {
    return this.#memory.timeToLive(key);
  }

  /** The result, once the file has everything that it may rest on. */
  async #kept<T>(result: Promise<T>): Promise<T> {
    // The change itself was made by the call that gave the promise.
    const written = this.#changes.size > 0 ? (this.#writing ??= this.#writeSoon()) : Promise.resolve();
    const [value] = await Promise.all([result, written]);
    return value;
  }

  /** Writes once for all calls of a turn: what takes long is to wait for the disk. */
  #writeSoon(): Promise<void> {
    return new Promise((resolve, reject) => {
      setImmediate(() => {
        this.#writing = null;
        try {
          this.#write();
          resolve();
        } catch (error) {
          reject(new Unavailable('The key-value store cannot write to its disk.', error));
        }
      });
    });
  }

  /** Changes that cannot be written are tried again with the next ones; until then nothing is answered. */
  #write(): void {
    if (this.#changes.size === 0) return;
    this.#journal.apply(this.#changes);
    this.#changes.clear();
  }
}

/**
 * The key-value store of a machine of one: in the process, with every change in a file before it is answered, so that
 * it survives a restart and a power cut. Leases do not: see {@link LEASE_PREFIX}. One process at a time: another one on
 * the same file would not see its changes.
 * Besides a closed store, a full one and one whose disk cannot be written reject with `Unavailable`. After the latter
 * the change may have been made all the same, as with any store whose answer gets lost.
 * @throws errors of the file system and of SQLite when the file cannot be opened
 */
export async function openEmbeddedKeyValue(options: EmbeddedKeyValueOptions): Promise<KeyValueStore> {
  await mkdir(path.dirname(options.file), { recursive: true });
  const journal = await openJournal(options.file);
  try {
    return new EmbeddedKeyValue(journal, options);
  } catch (error) {
    journal.close();
    throw error;
  }
}
