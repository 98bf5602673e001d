import { signedIn } from '../middleware/authenticate';
import { presentUser } from '../presenters/users';
import type * as schema from '../schemas/users';
import type { Accounts } from '../services/accounts';
import type { Handler } from './controller';

export interface UsersController {
  getMe: Handler<typeof schema.getMe>;
  updateMe: Handler<typeof schema.updateMe>;
  changePassword: Handler<typeof schema.changePassword>;
}

export function usersController({
  accounts,
  linkBase,
}: {
  accounts: Accounts;
  linkBase: string;
}): UsersController {
  return {
    async getMe(ctx) {
      ctx.body = presentUser(await accounts.find(signedIn(ctx).userId), linkBase);
    },

    async updateMe(ctx, { body }) {
      ctx.body = presentUser(await accounts.update(signedIn(ctx).userId, body), linkBase);
    },

    async changePassword(ctx, { body }) {
      await accounts.changePassword(signedIn(ctx), body.currentPassword, body.newPassword);
      ctx.status = 204;
    },
  };
}
