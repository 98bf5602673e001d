import type { Context } from '../middleware/context';
import { presentTokens } from '../presenters/tokens';
import type { Account } from '../services/accounts';
import type { IssuedTokens } from '../services/tokens';

/** Answers with tokens, whichever way the user signed in. */
export type TokenAnswer = (ctx: Context, status: 200 | 201, account: Account, issued: IssuedTokens) => void;

export function tokenAnswer(linkBase: string): TokenAnswer {
  return function answer(ctx, status, account, issued) {
    ctx.status = status;
    // RFC 6749 §5.1: tokens are not for caches.
    ctx.set('Cache-Control', 'no-store');
    ctx.body = presentTokens(account, issued, linkBase);
  };
}
