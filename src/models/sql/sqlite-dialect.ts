import { mkdir, open, stat } from 'node:fs/promises';
import path from 'node:path';
import Sqlite from 'better-sqlite3';
import { Native, patiently, type Outcome, type Parameters } from './sqlite-native';
import { sharedTurn, TurnTimeout, type Turn } from './turn';

type Callback = (this: Outcome, error: Error | null, rows?: unknown[]) => void;

export interface Patience {
  /** How long to try while another process holds the lock of the file, in milliseconds. */
  busyMs: number;
  /** How long to wait for the writers of this process, in milliseconds. */
  turnMs: number;
}

/** The connections to one file, used again because opening one costs more than a small transaction. */
class Natives {
  private readonly idle: Native[] = [];
  private closed = false;

  constructor(
    private readonly file: string,
    private readonly turn: Turn,
    readonly patience: Patience,
  ) {}

  async take(): Promise<Native> {
    return this.idle.pop() ?? patiently(() => Native.open(this.file), this.patience.busyMs);
  }

  give(native: Native): void {
    if (this.closed) native.close();
    else this.idle.push(native);
  }

  /** Waits until this connection may write. */
  async takeTurn(): Promise<() => void> {
    try {
      return await this.turn.take(this.patience.turnMs);
    } catch (error) {
      if (error instanceof TurnTimeout) throw new Sqlite.SqliteError(error.message, 'SQLITE_BUSY');
      throw error;
    }
  }

  close(): void {
    this.closed = true;
    for (const native of this.idle.splice(0)) native.close();
  }
}

/**
 * One connection as Sequelize sees it: those parts of the API of the package `sqlite3` that its dialect uses.
 *
 * Writers of one process queue for the file's turn instead of running into SQLite's lock: from BEGIN to the end of the
 * transaction, or for one statement outside of one. Readers never wait, as the journal is a write-ahead log.
 */
class Connection {
  private autocommit: Promise<Native> | null = null;
  private transaction: { native: Native; giveTurnBack: () => void } | null = null;
  private closed = false;

  constructor(
    private readonly natives: Natives,
    readonly filename: string,
  ) {}

  /** Statements of one connection run in the order of the calls anyway. */
  serialize(work: () => void): void {
    work();
  }

  run(sql: string, parameters: Parameters = [], callback?: Callback): void {
    this.execute(sql, parameters).then(
      (outcome) => callback?.call(outcome, null, outcome.rows),
      (error: unknown) => callback?.call({ rows: [], changes: 0, lastID: 0 }, error as Error),
    );
  }

  all(sql: string, parameters?: Parameters | Callback, callback?: Callback): void {
    if (typeof parameters === 'function') this.run(sql, [], parameters);
    else this.run(sql, parameters, callback);
  }

  /** A transaction that is still open is undone. */
  close(callback?: (error: Error | null) => void): void {
    this.closed = true;
    this.endTransaction();
    const { autocommit } = this;
    this.autocommit = null;
    Promise.resolve(autocommit).then(
      (native) => {
        if (native) this.natives.give(native);
        callback?.(null);
      },
      () => callback?.(null),
    );
  }

  private async execute(sql: string, parameters: Parameters): Promise<Outcome> {
    const verb = /^\s*(BEGIN|COMMIT|ROLLBACK)\b(?!\s+TO\b)/i.exec(sql)?.[1]?.toUpperCase();
    // Sequelize also rolls back what could not begin, or was undone already.
    if (verb === 'ROLLBACK') {
      this.endTransaction();
      return { rows: [], changes: 0, lastID: 0 };
    }
    this.mustBeOpen();
    if (verb === 'BEGIN') return this.begin(sql);
    if (this.transaction) {
      const { native } = this.transaction;
      if (verb === 'COMMIT') return this.commit(native, sql);
      // After some errors, such as a full disk, SQLite itself has rolled back: nothing may then run outside.
      if (!native.inTransaction) throw new Sqlite.SqliteError('The transaction was undone.', 'SQLITE_ABORT');
      return native.execute(sql, parameters);
    }
    return this.executeAlone(sql, parameters);
  }

  private async begin(sql: string): Promise<Outcome> {
    const giveTurnBack = await this.natives.takeTurn();
    let native: Native | null = null;
    try {
      this.mustBeOpen();
      const taken = (native = await this.natives.take());
      const outcome = await patiently(() => {
        this.mustBeOpen();
        return taken.execute(sql, []);
      }, this.natives.patience.busyMs);
      this.transaction = { native: taken, giveTurnBack };
      return outcome;
    } catch (error) {
      if (native) this.natives.give(native);
      giveTurnBack();
      throw error;
    }
  }

  /** Whatever comes of it, the transaction is over. */
  private commit(native: Native, sql: string): Outcome {
    try {
      return native.execute(sql, []);
    } finally {
      this.endTransaction();
    }
  }

  private endTransaction(): void {
    if (!this.transaction) return;
    const { native, giveTurnBack } = this.transaction;
    this.transaction = null;
    try {
      if (native.inTransaction) native.execute('ROLLBACK', []);
      this.natives.give(native);
    } catch {
      // Closing the connection undoes the transaction as well.
      native.close();
    } finally {
      giveTurnBack();
    }
  }

  private async executeAlone(sql: string, parameters: Parameters): Promise<Outcome> {
    const { busyMs } = this.natives.patience;
    this.autocommit ??= this.natives.take();
    const native = await this.autocommit.catch((error: unknown) => {
      this.autocommit = null;
      throw error;
    });
    const isReadOnly = () => {
      this.mustBeOpen();
      return native.isReadOnly(sql);
    };
    const attempt = () => {
      this.mustBeOpen();
      return native.execute(sql, parameters);
    };
    if (await patiently(isReadOnly, busyMs)) return patiently(attempt, busyMs);
    const giveTurnBack = await this.natives.takeTurn();
    try {
      return await patiently(attempt, busyMs);
    } finally {
      giveTurnBack();
    }
  }

  private mustBeOpen(): void {
    if (this.closed) throw new Sqlite.SqliteError('The connection is closed.', 'SQLITE_MISUSE');
  }
}

/** What goes into Sequelize's option `dialectModule`, for one file. */
export interface SqliteDialect {
  dialectModule: object;
  /** Closes what Sequelize's connections leave open; to be called after Sequelize is closed. */
  close(): void;
}

/**
 * better-sqlite3 with the API of the package `sqlite3`, for which Sequelize's dialect asks.
 * Makes the file and its folder when they are missing; only their owner can read the file.
 */
export async function openSqliteDialect(file: string, patience: Patience): Promise<SqliteDialect> {
  await mkdir(path.dirname(file), { recursive: true });
  await (await open(file, 'a', 0o600)).close();
  const { dev, ino } = await stat(file, { bigint: true });
  const { turn, leave } = sharedTurn(`${dev}:${ino}`);
  const natives = new Natives(file, turn, patience);
  const Database = class extends Connection {
    constructor(_file: string, _mode: number, opened: (error: Error | null) => void) {
      super(natives, file);
      // Sequelize keeps the connection after the constructor returns, and looks for it in the callback.
      queueMicrotask(() => opened(null));
    }
  };
  return {
    dialectModule: { Database, OPEN_READWRITE: 2, OPEN_CREATE: 4 },
    close: () => {
      natives.close();
      leave();
    },
  };
}
