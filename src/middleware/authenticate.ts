import { InvalidToken, Unauthenticated } from '../errors';
import type { Principal, Tokens } from '../services/tokens';
import type { Context, Middleware } from './context';
import type { SameOrigin } from './same-origin';

export interface Authentication {
  /** Anybody may pass; an access token that comes along must be right. */
  optional: Middleware;
  /** Only a signed-in user may pass. */
  required: Middleware;
}

/** Methods that change nothing (RFC 9110 §9.2.1). */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Finds out who is asking by `Authorization: Bearer` (RFC 6750 §2.1), or else by the session cookie of a browser.
 * Tokens in a query are not read. Browsers add cookies to requests that other sites have them make, so with a cookie
 * only our own pages may change anything; a token has to be added by whoever asks, and is proof enough.
 */
export function authenticate(tokens: Pick<Tokens, 'authenticate'>, ownPages: SameOrigin): Authentication {
  async function identify(ctx: Context, options: { renew: boolean }): Promise<Principal | null> {
    const header = ctx.get('Authorization');
    if (header === '') return identifyBrowser(ctx, options);
    const [, token] = /^Bearer +([\w.~+/-]+=*) *$/i.exec(header) ?? [];
    if (token !== undefined) return tokens.authenticate(token);
    throw /^Bearer\b/i.test(header)
      ? new InvalidToken()
      : new Unauthenticated('Only Bearer credentials are taken.');
  }

  /** A cookie that is good no longer is nobody's fault: browsers send it until it expires. */
  async function identifyBrowser(ctx: Context, options: { renew: boolean }): Promise<Principal | null> {
    const { browser } = ctx.state;
    if (!browser.carried) return null;
    if (!SAFE.has(ctx.method)) ownPages.require(ctx);
    return browser.authenticate(options);
  }

  return {
    async optional(ctx, next) {
      ctx.state.principal = await identify(ctx, { renew: false });
      return next();
    },
    async required(ctx, next) {
      ctx.state.principal = await identify(ctx, { renew: true });
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
