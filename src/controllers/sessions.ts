import { signedIn } from '../middleware/authenticate';
import { endBrowserSession, startBrowserSession } from '../middleware/browser-session';
import type { Context } from '../middleware/context';
import type { SameOrigin } from '../middleware/same-origin';
import { presentSignIn } from '../presenters/sign-ins';
import { presentUser } from '../presenters/users';
import type * as schema from '../schemas/sessions';
import type { Account, Accounts } from '../services/accounts';
import type { Tokens } from '../services/tokens';
import type { Handler } from './controller';
import { pageFrom, presentPage } from './paging';

export interface SessionsController {
  create: Handler<typeof schema.createSession>;
  get: Handler<typeof schema.getSession>;
  delete: Handler<typeof schema.deleteSession>;
  list: Handler<typeof schema.listSignIns>;
  endOne: Handler<typeof schema.endSignIn>;
}

interface SessionsOptions {
  accounts: Accounts;
  tokens: Tokens;
  ownPages: SameOrigin;
  linkBase: string;
}

export function sessionsController(options: SessionsOptions): SessionsController {
  const { accounts, tokens, ownPages, linkBase } = options;

  function answer(ctx: Context, account: Account): void {
    ctx.set('Cache-Control', 'no-store');
    ctx.body = { user: presentUser(account, linkBase) };
  }

  return {
    async create(ctx, { body }) {
      const account = await accounts.verifyPassword(body.username, body.password);
      await startBrowserSession(ctx, account.user.id);
      answer(ctx, account);
    },

    async get(ctx) {
      answer(ctx, await accounts.find(signedIn(ctx).userId));
    },

    async delete(ctx) {
      await tokens.signOut(ctx.state.principal, undefined);
      // An access token lets other sites in, but not at the cookies.
      if (ownPages.holds(ctx)) await endBrowserSession(ctx);
      ctx.status = 204;
    },

    async list(ctx, { query }) {
      const { userId, signInId } = signedIn(ctx);
      const page = pageFrom(query);
      const { before, limit } = page.wanted;
      const alive = await tokens.list(userId);
      const wanted = alive.filter(({ id }) => before === null || id < before).slice(0, limit);
      ctx.body = presentPage(wanted, page, (signIn) => presentSignIn(signIn, signInId));
    },

    async endOne(ctx, { params }) {
      const { userId, signInId } = signedIn(ctx);
      await tokens.endOne(userId, params.id);
      if (params.id === signInId && ownPages.holds(ctx)) await endBrowserSession(ctx);
      ctx.status = 204;
    },
  };
}
