import type { SqlStore } from '../../models/sql';
import type { Clock } from '../runtime';
import type { Principal } from '../tokens';

/** Rows that are asked for at once. */
const BATCH = 500;

/** Who somebody is, and until when that holds by itself. */
export interface Admission {
  principal: Principal | null;
  /** When the access token expires; null for credentials that live as long as their sign-in. */
  until: Date | null;
}

/** Finds out which of many sign-ins are alive. */
export class SignInChecks {
  constructor(private readonly options: { sql: Pick<SqlStore, 'signIns' | 'users'>; now: Clock }) {}

  /** @returns the ids of the sign-ins that are good no longer @throws `Unavailable` */
  async ended(principals: readonly Principal[]): Promise<Set<string>> {
    const ended = new Set<string>();
    for (let from = 0; from < principals.length; from += BATCH) {
      const some = principals.slice(from, from + BATCH);
      const alive = await this.alive(some);
      for (const { signInId, userId } of some) if (alive.get(signInId) !== userId) ended.add(signInId);
    }
    return ended;
  }

  /** Users by their sign-ins that are alive. */
  private async alive(principals: Principal[]): Promise<Map<string, string>> {
    const { sql, now } = this.options;
    const at = now();
    const [signIns, users] = await Promise.all([
      sql.signIns.findMany([...new Set(principals.map(({ signInId }) => signInId))]),
      sql.users.findMany([...new Set(principals.map(({ userId }) => userId))]),
    ]);
    const free = new Set(users.filter(({ suspendedAt }) => !suspendedAt).map(({ id }) => id));
    return new Map(
      signIns
        .filter(({ endedAt, expiresAt, userId }) => !endedAt && expiresAt > at && free.has(userId))
        .map(({ id, userId }) => [id, userId]),
    );
  }
}
