import { open } from 'node:fs/promises';
import Sqlite from 'better-sqlite3';
import type { Entry } from './memory';

/** Another process that reads the file holds it only for moments. */
const BUSY_MS = 5_000;

interface Row {
  key: string;
  value: string;
  expires_at: number | null;
}

/** The entries of a key-value store in a file of SQLite. Every call blocks until it is done. */
export interface Journal {
  /** All of them, those that have expired left out and removed. */
  load(now: number): Entry[];
  /** Writes entries, and removes those that are null: all of them, or none, and for good once it returns. */
  apply(changes: ReadonlyMap<string, Readonly<Entry> | null>): void;
  close(): void;
}

/**
 * Opens the file, or makes it, readable by its owner alone: the entries are secrets of those who are signed in.
 * @throws errors of the file system and of SQLite
 */
export async function openJournal(file: string): Promise<Journal> {
  // SQLite gives the files beside it the mode of this one.
  const handle = await open(file, 'a', 0o600);
  try {
    await handle.chmod(0o600);
  } finally {
    await handle.close();
  }
  const database = new Sqlite(file, { timeout: BUSY_MS });
  try {
    return journalIn(database);
  } catch (error) {
    database.close();
    throw error;
  }
}

function journalIn(database: Sqlite.Database): Journal {
  database.pragma('journal_mode = WAL');
  // What was answered is not undone by a power cut.
  database.pragma('synchronous = FULL');
  database.exec(
    'CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, value TEXT NOT NULL, expires_at INTEGER) WITHOUT ROWID',
  );
  const write = database.prepare(
    'INSERT INTO entries VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at',
  );
  const remove = database.prepare('DELETE FROM entries WHERE key = ?');
  const apply = database.transaction((changes: ReadonlyMap<string, Readonly<Entry> | null>) => {
    for (const [key, entry] of changes) {
      if (entry) write.run(key, entry.value, entry.expiresAt === Infinity ? null : entry.expiresAt);
      else remove.run(key);
    }
  });
  return {
    load(now) {
      database.prepare('DELETE FROM entries WHERE expires_at <= ?').run(now);
      const rows = database.prepare<[], Row>('SELECT key, value, expires_at FROM entries').all();
      return rows.map(({ key, value, expires_at }) => ({ key, value, expiresAt: expires_at ?? Infinity }));
    },
    apply: (changes) => apply.immediate(changes),
    close: () => database.close(),
  };
}
