import { ConnectionError, Sequelize, Transaction, type Options } from 'sequelize';
import type { SqlStore, Tables } from '.';
import { guarded } from './errors';
import { migrate } from './migrations';
import { createMysql } from './mysql';
import { locationOf, parseMysqlUrl } from './mysql-address';
import { openSqliteDialect } from './sqlite-dialect';
import { defineTables } from './tables';

export interface SqlSettings {
  /** Of MySQL, as `parseMysqlUrl` takes it; null for SQLite. */
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
  // A statement is not sent twice: waiting for a lock is the business of the drivers.
  retry: { max: 1 },
};

interface Database {
  form: string;
  location: string;
  sequelize: Sequelize;
  /** Runs work that may take as long as it likes. */
  patiently: <T>(work: () => Promise<T>) => Promise<T>;
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
    patiently: (work) => work(),
    async close() {
      await closeSequelize(sequelize);
      dialect.close();
    },
  };
}

async function openMysql(url: string): Promise<Database> {
  const address = parseMysqlUrl(url);
  if (!address) throw new TypeError('not the URL of a MySQL database');
  const { sequelize, patiently } = await createMysql(address, SHARED);
  return {
    form: 'MySQL',
    location: locationOf(address),
    sequelize,
    patiently,
    close: () => closeSequelize(sequelize),
  };
}

/**
 * The relational store: MySQL when there is a URL, else SQLite. It does not migrate by itself, and MySQL need not answer
 * yet: then every method rejects with `Unavailable` until it does.
 * @throws errors of the file system when the file of SQLite cannot be made
 */
export async function openSqlStore({ url, file, logger }: SqlSettings): Promise<OpenSqlStore> {
  const { form, location, sequelize, patiently, close } = await (url === null
    ? openSqlite(file)
    : openMysql(url));
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
        const names = await patiently(() => migrate(sequelize));
        for (const migration of names) logger?.info({ migration }, 'Changed the schema of the database');
        return names;
      },
    }),
    close: () => (closing ??= close()),
  };
}
