import { Conflict, NotFound } from '../errors';
import type { Page, Role, SqlStore, UserRecord } from '../models/sql';
import { foldUsername } from './accounts';
import type { EventPublisher } from './events';
import { PASSWORD } from './password-change';
import type { Passwords } from './passwords';
import type { Clock } from './runtime';
import { endSignIns } from './sign-ins';

export interface UserChange {
  roles?: Role[] | undefined;
  suspended?: boolean | undefined;
}

/** What an operator does with users. */
export interface Administration {
  /** Newest first; `q` is a part of a name. */
  list(page: Page & { q?: string }): Promise<UserRecord[]>;
  /** The user who signs in by that name, or has that id. @throws `NotFound` */
  find(name: string): Promise<UserRecord>;
  /**
   * Gives roles, suspends, or lets back in. Suspension ends every sign-in and every access token.
   * @param by the admin; null for whoever has the machine
   * @throws `NotFound`, `Conflict` when admins take their own rights away
   */
  change(by: string | null, userId: string, change: UserChange): Promise<UserRecord>;
  /** Sets a password without the one before; every sign-in ends. @throws `NotFound`, `Conflict` for a user without one */
  setPassword(userId: string, password: string): Promise<void>;
}

interface AdministrationOptions {
  sql: SqlStore;
  passwords: Pick<Passwords, 'hash'>;
  events: Pick<EventPublisher, 'publish'>;
  now: Clock;
}

export function createAdministration(options: AdministrationOptions): Administration {
  const { sql, passwords, now } = options;

  async function findById(id: string): Promise<UserRecord> {
    const user = await sql.users.find(id);
    if (!user) throw new NotFound('There is no such user.');
    return user;
  }

  /** Whatever a sign-in that is under way has read of the user before, it is worth nothing after. */
  async function suspend(userId: string): Promise<void> {
    await endSignIns(options, { userId, keptId: null }, async ({ users }) => {
      const user = await users.find(userId);
      if (!user || user.suspendedAt) return;
      await users.update(userId, { suspendedAt: now(), epoch: user.epoch + 1 });
    });
  }

  return {
    list: (page) => sql.users.list(page),

    async find(name) {
      const identity = await sql.identities.find(PASSWORD, foldUsername(name));
      return findById(identity?.userId ?? name);
    },

    async change(by, userId, { roles, suspended }) {
      await findById(userId);
      if (by === userId && (suspended === true || roles?.includes('admin') === false)) {
        throw new Conflict('You cannot take your own rights away; another admin can.');
      }
      if (roles) await sql.users.update(userId, { roles: orderly(roles) });
      if (suspended === true) await suspend(userId);
      if (suspended === false) await sql.users.update(userId, { suspendedAt: null });
      return findById(userId);
    },

    async setPassword(userId, password) {
      const identities = await sql.identities.listOf(userId);
      const identity = identities.find(({ provider }) => provider === PASSWORD);
      if (!identity) throw new Conflict('This user signs in without a password.');
      const secret = await passwords.hash(password);
      await endSignIns(options, { userId, keptId: null }, async (tables) => {
        await tables.identities.setSecret(PASSWORD, identity.subject, secret);
      });
    },
  };
}

/** Everybody is a user. */
function orderly(roles: Role[]): Role[] {
  return roles.includes('admin') ? ['user', 'admin'] : ['user'];
}
