import { Conflict, InvalidCredentials } from '../errors';
import type { SqlStore } from '../models/sql';
import type { Passwords } from './passwords';
import type { Principal, Tokens } from './tokens';

/** The provider of identities by name and password. */
export const PASSWORD = 'password';

export interface PasswordChange {
  /**
   * Changes the password, and ends every sign-in but the one that asks.
   * @throws `InvalidCredentials` when the current one is wrong, `Conflict` for a user without a password
   */
  changePassword(principal: Principal, currentPassword: string, newPassword: string): Promise<void>;
}

export function createPasswordChange({
  sql,
  passwords,
  tokens,
}: {
  sql: SqlStore;
  passwords: Passwords;
  tokens: Pick<Tokens, 'endOthers'>;
}): PasswordChange {
  return {
    async changePassword(principal, currentPassword, newPassword) {
      const identities = await sql.identities.listOf(principal.userId);
      const identity = identities.find(({ provider }) => provider === PASSWORD);
      if (!identity) throw new Conflict('This user signs in without a password.');
      if (!(await passwords.verify(identity.secret, currentPassword))) throw new InvalidCredentials();
      const secret = await passwords.hash(newPassword);
      await tokens.endOthers(principal, async (tables) => {
        const found = await tables.identities.find(PASSWORD, identity.subject);
        // Changed by another request meanwhile: what was current is so no longer.
        if (found?.secret !== identity.secret) throw new InvalidCredentials();
        await tables.identities.setSecret(PASSWORD, identity.subject, secret);
      });
    },
  };
}
