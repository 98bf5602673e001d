import { InvalidToken, Unauthenticated } from '../errors';
import type { Principal, Tokens } from '../services/tokens';
import type { Context, Middleware } from './context';

export interface Authentication {
  /** Anybody may pass; credentials that come along must be right. */
  optional: Middleware;
  /** Only a signed-in user may pass. */
  required: Middleware;
}

/** Finds out who is asking by `Authorization: Bearer` (RFC 6750 §2.1); tokens in a query are not read. */
export function authenticate(tokens: Pick<Tokens, 'authenticate'>): Authentication {
  async function identify(ctx: Context): Promise<Principal | null> {
    const header = ctx.get('Authorization');
    if (header === '') return null;
    const [, token] = /^Bearer +([\w.~+/-]+=*) *$/i.exec(header) ?? [];
    if (token !== undefined) return tokens.authenticate(token);
    throw /^Bearer\b/i.test(header)
      ? new InvalidToken()
      : new Unauthenticated('Only Bearer credentials are taken.');
  }
  return {
    async optional(ctx, next) {
      ctx.state.principal = await identify(ctx);
      return next();
    },
    async required(ctx, next) {
      ctx.state.principal = await identify(ctx);
      if (!ctx.state.principal) throw new Unauthenticated();
      return next();
    },
  };
}

/** The user that `authenticate.required` let pass. */
export function signedIn(ctx: Context): Principal {
  const { principal } = ctx.state;
  if (!principal) throw new Unauthenticated();
  return principal;
}
