import { ConnectionError, Sequelize, Transaction, type Options } from 'sequelize';
import type { SqlStore, Tables } from '.';
import { guarded } from './errors';
import { migrate } from './migrations';
import { openSqliteDialect } from './sqlite-dialect';
import { defineTables } from './tables';

export interface SqlSettings {
  /** `mysql://user:password@host:3306/database`, or null for SQLite. Its query goes to mysql2 as options. */
  url: string | null;
  /** The file of SQLite. Its folder is made when it is missing. */
  file: string;
  /** Told of changes of the schema. */
  logger?: { info(details: object, message: string): void };
}

const PATIENCE = { busyMs: 10_000, turnMs: 30_000 };

const SHARED: Options = {
  logging: false,
  define: { timestamps: false, underscored: true },
  // Waiting for a lock is the business of the drivers.
  retry: { max: 1 },
};

interface Database {
  form: string;
  location: string;
  sequelize: Sequelize;
  close: () => Promise<void>;
}

/** The database as other stores share it, which keep tables of their own there. */
export interface SqlConnection {
  form: string;
  location: string;
  sequelize: Sequelize;
  /** Goes around methods: see `guarded`. */
  guard: <T extends object>(methods: T) => T;
  ping: () => Promise<void>;
}

/** A relational store whose database others may share. */
export interface OpenSqlStore extends SqlStore {
  connection: SqlConnection;
}

/** What comes too late for a connection fails with an error that can be told from others, unlike Sequelize's own. */
async function closeSequelize(sequelize: Sequelize): Promise<void> {
  const closing = sequelize.close();
  sequelize.connectionManager.getConnection = () =>
    Promise.reject(new ConnectionError(new Error('The database is closed.')));
  await closing;
}

async function openSqlite(file: string): Promise<Database> {
  const dialect = await openSqliteDialect(file, PATIENCE);
  const sequelize = new Sequelize({
    ...SHARED,
    dialect: 'sqlite',
    dialectModule: dialect.dialectModule,
    storage: file,
    // A transaction that begins with reading and then cannot write would have to be run again.
    transactionType: Transaction.TYPES.IMMEDIATE,
  });
  return {
    form: 'SQLite',
    location: file,
    sequelize,
    async close() {
      await closeSequelize(sequelize);
      dialect.close();
    },
  };
}

async function openMysql(url: string): Promise<Database> {
  const { default: mysql2 } = await import('mysql2');
  const sequelize = new Sequelize(url, {
    ...SHARED,
    dialectModule: mysql2,
    // Every statement sees what others committed before it: also after waiting for a row.
    isolationLevel: Transaction.ISOLATION_LEVELS.READ_COMMITTED,
    pool: { max: 10, acquire: 10_000 },
    dialectOptions: {
      charset: 'utf8mb4_bin',
      connectTimeout: 5000,
      // An UPDATE counts the rows that it found, as in SQLite, and not only those that it changed.
      flags: ['FOUND_ROWS'],
    },
  });
  const { host, pathname } = new URL(url);
  return {
    form: 'MySQL',
    location: `mysql://${host}${pathname}`,
    sequelize,
    close: () => closeSequelize(sequelize),
  };
}

/**
 * The relational store: MySQL when there is a URL, else SQLite. It does not migrate by itself, and MySQL need not answer
 * yet: then every method rejects with `Unavailable` until it does.
 * @throws errors of the file system when the file of SQLite cannot be made
 */
export async function openSqlStore({ url, file, logger }: SqlSettings): Promise<OpenSqlStore> {
  const { form, location, sequelize, close } = await (url === null ? openSqlite(file) : openMysql(url));
  let closing: Promise<void> | null = null;
  const guard = <T extends object>(methods: T): T => guarded(methods, () => closing !== null);
  const tablesIn = defineTables(sequelize, guard);
  const { ping } = guard({ ping: () => sequelize.authenticate() });
  return {
    form,
    location,
    ...tablesIn(null),
    connection: { form, location, sequelize, guard, ping },
    ping,
    ...guard({
      transaction: <T>(work: (tables: Tables) => Promise<T>): Promise<T> =>
        sequelize.transaction((transaction) => work(tablesIn(transaction))),
      async migrate() {
        const names = await migrate(sequelize);
        for (const migration of names) logger?.info({ migration }, 'Changed the schema of the database');
        return names;
      },
    }),
    close: () => (closing ??= close()),
  };
}
