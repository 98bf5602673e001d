import { setTimeout as sleep } from 'node:timers/promises';
import { Unavailable } from '../errors';
import type { SqlStore } from '../models/sql';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

interface MigrationLog {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
}

/**
 * Brings the database to the newest schema. One that does not answer is waited for, because it may be starting beside
 * Ferry; meanwhile Ferry does not listen.
 * @param pause waits so many milliseconds
 * @throws what goes wrong with a database that answers
 */
export async function migrateOnceThere(
  sql: Pick<SqlStore, 'migrate' | 'location'>,
  log: MigrationLog,
  pause: (ms: number) => Promise<unknown> = sleep,
): Promise<void> {
  for (let ms = FIRST_PAUSE_MS; ; ms = Math.min(ms * 2, LONGEST_PAUSE_MS)) {
    try {
      const migrations = await sql.migrate();
      if (migrations.length > 0) log.info({ migrations }, 'brought the database to the newest schema');
      return;
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      log.warn({ err: error, location: sql.location }, 'waiting for the database');
    }
    await pause(ms);
  }
}
