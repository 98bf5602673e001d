import { Conflict } from '../errors';
import type { SqlStore, Tables } from '../models/sql';
import { newUser } from './new-user';
import type { Clock } from './runtime';

const MOST_ATTEMPTS = 3;

/** How somebody else, whom we trust in this, names a user. */
export interface ExternalIdentity {
  /** `wechat:<appid>`, `wechat-union` or `phone`. */
  provider: string;
  subject: string;
}

export interface ExternalIdentities {
  /**
   * The user of the first identity that is known; a new one when none is. Those that are not known yet become that
   * user's; one that is another user's stays with them.
   * @param identities the most specific first
   * @param displayName of a new user
   */
  findOrCreate(
    identities: ExternalIdentity[],
    displayName: string,
  ): Promise<{ userId: string; created: boolean }>;
  /** Makes the identity the only one of its provider that the user has, whoever had it before. */
  claim(userId: string, identity: ExternalIdentity): Promise<void>;
}

export function createExternalIdentities({ sql, now }: { sql: SqlStore; now: Clock }): ExternalIdentities {
  /** Somebody else may have taken one of the identities meanwhile: then what is there now counts. */
  async function transaction<T>(work: (tables: Tables) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await sql.transaction(work);
      } catch (error) {
        if (!(error instanceof Conflict) || attempt === MOST_ATTEMPTS) throw error;
      }
    }
  }

  return {
    findOrCreate: (identities, displayName) =>
      transaction(async (tables) => {
        const found = await Promise.all(
          identities.map(({ provider, subject }) => tables.identities.find(provider, subject)),
        );
        const known = found.find((identity) => identity !== null)?.userId;
        const at = now();
        const newcomer = newUser(null, displayName, at);
        if (known === undefined) await tables.users.insert(newcomer);
        const userId = known ?? newcomer.id;
        for (const [index, identity] of identities.entries()) {
          if (!found[index])
            await tables.identities.insert({ ...identity, userId, secret: null, linkedAt: at });
        }
        return { userId, created: known === undefined };
      }),

    claim: (userId, identity) =>
      transaction(async ({ users, identities }) => {
        await users.hold(userId);
        const { provider, subject } = identity;
        const holder = await identities.find(provider, subject);
        if (holder?.userId === userId) return;
        if (holder) await identities.delete(provider, subject);
        for (const own of await identities.listOf(userId)) {
          if (own.provider === provider) await identities.delete(provider, own.subject);
        }
        await identities.insert({ ...identity, userId, secret: null, linkedAt: now() });
      }),
  };
}
