import { InvalidCredentials, NotFound, Conflict } from '../errors';
import type { IdentityRecord, SqlStore, UserRecord } from '../models/sql';
import { createExternalIdentities, type ExternalIdentities } from './external-identities';
import { newUser } from './new-user';
import { createPasswordChange, PASSWORD, type PasswordChange } from './password-change';
import type { Passwords } from './passwords';
import type { Clock } from './runtime';
import type { Tokens } from './tokens';

/** The provider of identities that are a user name and a password. */
export /** A user with the ways in which they can sign in. */
interface Account {
  user: UserRecord;
  identities: IdentityRecord[];
}

export interface Accounts extends ExternalIdentities, PasswordChange {
  /** @throws `Conflict` when the name is taken, in whatever case it is written */
  register(input: { username: string; password: string; displayName?: string | undefined }): Promise<Account>;
  /** @throws `InvalidCredentials`, the same for an unknown name and a wrong password */
  verifyPassword(username: string, password: string): Promise<Account>;
  /** @throws `NotFound` */
  find(userId: string): Promise<Account>;
  /** @throws `NotFound` when the avatar is not a file of the user */
  update(
    userId: string,
    patch: { displayName?: string | undefined; avatarFileId?: string | null | undefined },
  ): Promise<Account>;
}

export function createAccounts({
  sql,
  passwords,
  tokens,
  now,
}: {
  sql: SqlStore;
  passwords: Passwords;
  tokens: Pick<Tokens, 'endOthers'>;
  now: Clock;
}): Accounts {
  async function find(userId: string): Promise<Account> {
    const user = await sql.users.find(userId);
    if (!user) throw new NotFound();
    return { user, identities: await sql.identities.listOf(userId) };
  }

  return {
    ...createExternalIdentities({ sql, now }),
    ...createPasswordChange({ sql, passwords, tokens }),
    find,

    async register({ username, password, displayName }) {
      const subject = foldUsername(username);
      const taken = new Conflict('That user name is taken.');
      if (await sql.identities.find(PASSWORD, subject)) throw taken;
      const secret = await passwords.hash(password);
      const at = now();
      const user = newUser(username, displayName ?? username, at);
      const identity: IdentityRecord = { userId: user.id, provider: PASSWORD, subject, secret, linkedAt: at };
      await sql.transaction(async (tables) => {
        await tables.users.insert(user);
        await tables.identities.insert(identity).catch((error: unknown) => {
          throw error instanceof Conflict ? taken : error;
        });
      });
      return { user, identities: [identity] };
    },

    async verifyPassword(username, password) {
      const identity = await sql.identities.find(PASSWORD, foldUsername(username));
      const right = await passwords.verify(identity?.secret ?? null, password);
      if (!identity || !right) throw new InvalidCredentials();
      return find(identity.userId);
    },

    async update(userId, { displayName, avatarFileId }) {
      if (avatarFileId) {
        const file = await sql.files.find(avatarFileId);
        if (file?.ownerId !== userId) throw new NotFound('The avatar should be the id of one of your files.');
      }
      await sql.users.update(userId, {
        ...(displayName !== undefined && { displayName }),
        ...(avatarFileId !== undefined && { avatarFileId }),
      });
      return find(userId);
    },
  };
}

/** Names that look alike are one name: compatibility forms (NFKC) and case do not count. */
export function foldUsername(username: string): string {
  return username.normalize('NFKC').toLowerCase();
}
