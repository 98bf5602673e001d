import { endBrowserSession } from '../middleware/browser-session';
import type { SameOrigin } from '../middleware/same-origin';
import type * as schema from '../schemas/auth';
import type { Accounts } from '../services/accounts';
import type { Tokens } from '../services/tokens';
import type { Handler } from './controller';
import { tokenAnswer } from './token-answer';

export interface AuthController {
  register: Handler<typeof schema.register>;
  login: Handler<typeof schema.login>;
  refresh: Handler<typeof schema.refresh>;
  logout: Handler<typeof schema.logout>;
}

interface AuthOptions {
  accounts: Accounts;
  tokens: Tokens;
  ownPages: SameOrigin;
  linkBase: string;
}

export function authController({ accounts, tokens, ownPages, linkBase }: AuthOptions): AuthController {
  const answer = tokenAnswer(linkBase);

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
      // An access token lets other sites in, but not at the cookies.
      if (ownPages.holds(ctx)) await endBrowserSession(ctx);
      ctx.status = 204;
    },
  };
}
