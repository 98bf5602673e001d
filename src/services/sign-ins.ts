import { Forbidden } from '../errors';
import type { SqlStore, Tables, UserRecord } from '../models/sql';
import type { EventPublisher } from './events';
import type { Clock } from './runtime';

/** @throws `Forbidden` for a user who may not sign in */
export function refuseSuspended({ suspendedAt }: Pick<UserRecord, 'suspendedAt'>): void {
  if (suspendedAt) throw new Forbidden('This account is suspended.');
}

interface EndingOptions {
  sql: SqlStore;
  events: Pick<EventPublisher, 'publish'>;
  now: Clock;
}

/**
 * Ends the sign-ins of a user, in the same transaction as what leads to it.
 * @param keptId the sign-in that lives on; null for none
 */
export async function endSignIns(
  { sql, events, now }: EndingOptions,
  { userId, keptId }: { userId: string; keptId: string | null },
  because: (tables: Tables) => Promise<void>,
): Promise<void> {
  const at = now();
  const ended = await sql.transaction(async (tables) => {
    await tables.users.hold(userId);
    await because(tables);
    const others = (await tables.signIns.listAlive(userId, at)).filter(({ id }) => id !== keptId);
    for (const { id } of others) await tables.signIns.end(id, at);
    return others;
  });
  for (const { id } of ended) await events.publish(`user:${userId}`, 'session.revoked', { id });
}
