import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from 'mysql2';
import { DatabaseError, Sequelize, Transaction, type Options } from 'sequelize';
import type { MysqlAddress } from './mysql-address';

/** How long the server may stay silent while it is asked for something. */
const ANSWER_MS = 15_000;
/** Below it, so that who waits for a lock in vain hears of that. */
const LOCK_SECONDS = 10;
const CONNECT_MS = 5000;
/** How long to wait for one of the connections. */
const ACQUIRE_MS = 10_000;
const MOST_CONNECTIONS = 10;
/** How often a transaction is run that others keep getting into a deadlock with. */
const MOST_ATTEMPTS = 6;
const FIRST_PAUSE_MS = 5;

/**
 * Whatever the server's settings say, values that do not fit are refused instead of cut, and a backslash escapes, which
 * is what Sequelize relies on where it writes values into a statement.
 */
const SQL_MODE =
  'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ZERO_DATE,NO_ZERO_IN_DATE,NO_ENGINE_SUBSTITUTION';

/** A pool of connections to MySQL or MariaDB, which are made when they are needed. */
export interface Mysql {
  sequelize: Sequelize;
  /** Runs work that may take as long as it likes, such as changing a large table. */
  patiently: <T>(work: () => Promise<T>) => Promise<T>;
}

/** Nothing is connected yet. */
export async function createMysql(address: MysqlAddress, shared: Options): Promise<Mysql> {
  // Loaded only when it is used.
  const { default: mysql2 } = await import('mysql2');
  const deadline = new Deadline();
  const { host, port, database, username, password, tls } = address;
  const sequelize = new RepeatingSequelize({
    ...shared,
    dialect: 'mysql',
    dialectModule: mysql2,
    host,
    port,
    database,
    username,
    password,
    // Times are stored as they are in UTC.
    timezone: '+00:00',
    // Every statement sees what others committed before it: also the ones after that which waited for a row, so that
    // what is decided while a row is held is decided by what is there. REPEATABLE READ would show the time before the
    // wait, and locks gaps between rows, over which inserts of different users would run into deadlocks.
    isolationLevel: Transaction.ISOLATION_LEVELS.READ_COMMITTED,
    pool: { max: MOST_CONNECTIONS, acquire: ACQUIRE_MS },
    dialectOptions: {
      charset: 'utf8mb4_bin',
      connectTimeout: CONNECT_MS,
      // An UPDATE counts the rows that it found, as in SQLite, and not only those that it changed.
      flags: ['FOUND_ROWS'],
      ...(tls && { ssl: tls }),
    },
    hooks: {
      async afterConnect(raw) {
        const connection = raw as Connection & { stream: Socket };
        deadline.watch(connection.stream);
        const session = `SET SESSION sql_mode = '${SQL_MODE}', innodb_lock_wait_timeout = ${LOCK_SECONDS}`;
        await connection.promise().query(session);
      },
    },
  });
  return { sequelize, patiently: (work) => deadline.suspended(work) };
}

/**
 * Ends connections over which nothing came for too long: of a server that is stopped, or behind a network that swallows
 * everything, there is no other sign. That a connection was only idle, or its transaction, does no harm: the pool makes
 * another one, and a transaction in which nothing happens for so long is none that should hold locks.
 */
class Deadline {
  private suspensions = 0;

  watch(stream: Socket): void {
    stream.setTimeout(ANSWER_MS, () => {
      if (this.suspensions > 0) return;
      stream.destroy(Object.assign(new Error('The server does not answer.'), { code: 'ETIMEDOUT' }));
    });
  }

  async suspended<T>(work: () => Promise<T>): Promise<T> {
    this.suspensions += 1;
    try {
      return await work();
    } finally {
      this.suspensions -= 1;
    }
  }
}

/**
 * Runs a transaction again that a deadlock undid, as MySQL asks its clients to. Work in a transaction must therefore
 * have no other effect than on the database, or one that does not mind being repeated.
 */
class RepeatingSequelize extends Sequelize {
  override async transaction(...parameters: unknown[]): Promise<never> {
    const begin = super.transaction.bind(this) as (...given: unknown[]) => Promise<never>;
    if (typeof parameters.at(-1) !== 'function') return begin(...parameters);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await begin(...parameters);
      } catch (error) {
        if (!isDeadlock(error) || attempt === MOST_ATTEMPTS) throw error;
      }
      // Spread out, so that the same ones do not meet again.
      await sleep(FIRST_PAUSE_MS * 2 ** attempt * Math.random());
    }
  }
}

/** Also as the cause of an error of the catalogue. */
function isDeadlock(error: unknown): boolean {
  if (error instanceof DatabaseError) {
    return (error.parent as Error & { code?: unknown }).code === 'ER_LOCK_DEADLOCK';
  }
  return error instanceof Error && error.cause !== undefined && isDeadlock(error.cause);
}
