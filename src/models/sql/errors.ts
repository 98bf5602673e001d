import {
  BaseError,
  ConnectionError,
  DatabaseError,
  ForeignKeyConstraintError,
  TimeoutError,
  UniqueConstraintError,
} from 'sequelize';
import { Conflict, OutOfSpace, Unavailable } from '../../errors';

/** Codes of mysql2, MySQL and SQLite for a database that does not answer now, but may do so later. */
const UNANSWERED = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_SEQUENCE_TIMEOUT',
  'ER_CON_COUNT_ERROR',
  'ER_LOCK_DEADLOCK',
  'ER_LOCK_WAIT_TIMEOUT',
  'ER_OPTION_PREVENTS_STATEMENT',
  'ER_QUERY_INTERRUPTED',
  'ER_SERVER_SHUTDOWN',
  'ER_USER_LIMIT_REACHED',
  'SQLITE_ABORT',
  'SQLITE_CANTOPEN',
  'SQLITE_MISUSE',
]);
/** SQLite's extended codes begin with these: SQLITE_BUSY_RECOVERY, SQLITE_IOERR_FSYNC, ... */
const UNANSWERED_FAMILIES = /^SQLITE_(BUSY|CANTOPEN|IOERR|LOCKED)/;
const FULL = new Set(['SQLITE_FULL', 'ER_DISK_FULL', 'ER_RECORD_FILE_FULL']);

/** What the driver says: its code, and whether the connection is lost for good. */
function driverError(error: DatabaseError): { code: string; fatal: boolean } {
  const parent = error.parent as Error & { code?: unknown; fatal?: unknown };
  return { code: typeof parent.code === 'string' ? parent.code : '', fatal: parent.fatal === true };
}

/**
 * An error of Sequelize as one of the catalogue: `Conflict` for a unique value that is taken and for a reference to a row
 * that is not there, or that is taken away from under one; `Unavailable` for a
 * database that does not answer or whose lock does not come free, `OutOfSpace` for one whose disk is full.
 * Everything else, and what is no error of Sequelize, is returned as it is.
 */
export function translate(error: unknown): unknown {
  if (!(error instanceof BaseError)) return error;
  if (error instanceof UniqueConstraintError) return new Conflict('This is taken already.', { cause: error });
  if (error instanceof ForeignKeyConstraintError) {
    return new Conflict('Something that this refers to is gone, or something still refers to this.', {
      cause: error,
    });
  }
  const unavailable = new Unavailable('The database does not answer.', error);
  if (error instanceof ConnectionError || error instanceof TimeoutError) return unavailable;
  if (!(error instanceof DatabaseError)) return error;
  const { code, fatal } = driverError(error);
  if (FULL.has(code)) return new OutOfSpace('The disk of the database is full.', { cause: error });
  return fatal || UNANSWERED.has(code) || UNANSWERED_FAMILIES.test(code) ? unavailable : error;
}

type Method = (...parameters: unknown[]) => Promise<unknown>;

/** The same methods, which refuse to work once the store is closed, and throw errors of the catalogue. */
export function guarded<T extends object>(methods: T, isClosed: () => boolean): T {
  const entries = Object.entries(methods as Record<string, Method>).map(
    ([name, method]): [string, Method] => [
      name,
      async (...parameters) => {
        if (isClosed()) throw new Unavailable('The database is closed.');
        try {
          return await method(...parameters);
        } catch (error) {
          throw translate(error);
        }
      },
    ],
  );
  return Object.fromEntries(entries) as T;
}
