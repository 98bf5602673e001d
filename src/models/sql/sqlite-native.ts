import { setTimeout as sleep } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';

/** What Sequelize reads from a finished statement, in the names of the package `sqlite3`. */
export interface Outcome {
  rows: unknown[];
  changes: number;
  lastID: number;
}

/** Named parameters with their `$`, or positional ones. */
export type Parameters = Record<string, unknown> | readonly unknown[];

const STATEMENTS_KEPT = 200;
const FIRST_PAUSE_MS = 1;
const LONGEST_PAUSE_MS = 50;

/** By its code: the addon makes errors of the class of whoever loaded it first in the process. */
function isBusy(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' && code.startsWith('SQLITE_BUSY');
}

/**
 * Tries again, without blocking the event loop, while another process holds the lock.
 * @param patience milliseconds until SQLITE_BUSY is passed on
 */
export async function patiently<T>(attempt: () => T, patience: number): Promise<T> {
  const deadline = performance.now() + patience;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error) || performance.now() >= deadline) throw error;
    }
    // Spread out, so that two processes do not meet again and again.
    await sleep(pause * (0.5 + Math.random()));
  }
}

/** better-sqlite3 takes neither booleans nor undefined. */
function bindable(value: unknown): unknown {
  if (typeof value === 'boolean') return value ? 1 : 0;
  return value === undefined ? null : value;
}

function bindings(parameters: Parameters): unknown[] {
  if (Array.isArray(parameters)) return parameters.map(bindable);
  // better-sqlite3 wants the names without their `$`.
  const named = Object.entries(parameters).map(([name, value]) => [name.slice(1), bindable(value)]);
  return [Object.fromEntries(named)];
}

/**
 * Sequelize writes values into the text of a SELECT, and SQLite ends the text at a NUL. A NUL can only stand in a
 * string literal.
 */
function withoutNul(sql: string): string {
  return sql.includes('\0') ? sql.replaceAll('\0', "'||char(0)||'") : sql;
}

/** One connection of better-sqlite3, set up, with the statements that it prepared. */
export class Native {
  private readonly statements = new Map<string, Sqlite.Statement>();

  private constructor(private readonly database: Sqlite.Database) {}

  /** @throws `SqliteError`, also SQLITE_BUSY while another process turns the journal to WAL */
  static open(file: string): Native {
    // A timeout of SQLite's own would block the event loop, and with it the holder of the lock.
    const database = new Sqlite(file, { timeout: 0 });
    try {
      database.pragma('journal_mode = WAL');
      database.pragma('synchronous = FULL');
      database.pragma('foreign_keys = ON');
      // SQLite's own knows only ASCII.
      database.function('lower', { deterministic: true }, (value: unknown) =>
        typeof value === 'string' ? value.toLowerCase() : value,
      );
    } catch (error) {
      database.close();
      throw error;
    }
    return new Native(database);
  }

  get inTransaction(): boolean {
    return this.database.inTransaction;
  }

  isReadOnly(sql: string): boolean {
    return this.prepare(sql).readonly;
  }

  execute(sql: string, parameters: Parameters): Outcome {
    const statement = this.prepare(sql);
    const values = bindings(parameters);
    if (statement.reader) return { rows: statement.all(...values), changes: 0, lastID: 0 };
    const { changes, lastInsertRowid } = statement.run(...values);
    return { rows: [], changes, lastID: Number(lastInsertRowid) };
  }

  close(): void {
    this.database.close();
  }

  private prepare(sql: string): Sqlite.Statement {
    const known = this.statements.get(sql);
    const statement = known ?? this.database.prepare(withoutNul(sql));
    // A Map keeps the order of insertion: the first one is the one unused for longest.
    this.statements.delete(sql);
    this.statements.set(sql, statement);
    if (this.statements.size > STATEMENTS_KEPT) {
      const [oldest] = this.statements.keys();
      if (oldest !== undefined) this.statements.delete(oldest);
    }
    return statement;
  }
}
