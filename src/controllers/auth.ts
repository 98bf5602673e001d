import type { Context } from '../middleware/context';
import { presentUser } from '../presenters/users';
import type * as schema from '../schemas/auth';
import type { Account, Accounts } from '../services/accounts';
import type { IssuedTokens, Tokens } from '../services/tokens';
import type { Handler } from './controller';

export interface AuthController {
  register: Handler<typeof schema.register>;
  login: Handler<typeof schema.login>;
  refresh: Handler<typeof schema.refresh>;
  logout: Handler<typeof schema.logout>;
}

interface AuthOptions {
  accounts: Accounts;
  tokens: Tokens;
  linkBase: string;
}

export function authController({ accounts, tokens, linkBase }: AuthOptions): AuthController {
  function answer(ctx: Context, status: number, account: Account, issued: IssuedTokens): void {
    const { accessToken, expiresIn, refreshToken, refreshExpiresIn } = issued;
    ctx.status = status;
    // RFC 6749 §5.1: tokens are not for caches.
    ctx.set('Cache-Control', 'no-store');
    ctx.body = {
      user: presentUser(account, linkBase),
      accessToken,
      tokenType: 'Bearer',
      expiresIn,
      refreshToken,
      refreshExpiresIn,
    };
  }

  return {
    async register(ctx, { body }) {
      const account = await accounts.register(body);
      answer(ctx, 201, account, await tokens.signIn(account.user.id, ctx.get('User-Agent') || null));
    },

    async login(ctx, { body }) {
      const account = await accounts.verifyPassword(body.username, body.password);
      answer(ctx, 200, account, await tokens.signIn(account.user.id, ctx.get('User-Agent') || null));
    },

    async refresh(ctx, { body }) {
      const issued = await tokens.refresh(body.refreshToken);
      answer(ctx, 200, await accounts.find(issued.userId), issued);
    },

    async logout(ctx, { body }) {
      await tokens.signOut(ctx.state.principal, body?.refreshToken);
      ctx.status = 204;
    },
  };
}
