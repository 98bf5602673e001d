import { InvalidToken, Unauthenticated } from '../errors';
import type { Admission } from '../services/hub/credentials';
import type { Tickets } from '../services/tickets';
import type { Principal, Tokens } from '../services/tokens';
import type { Context, Middleware } from './context';
import type { SameOrigin } from './same-origin';

export interface Authentication {
  /** Anybody may pass; an access token that comes along must be right. */
  optional: Middleware;
  /** Only a signed-in user may pass. */
  required: Middleware;
  /** As `required`, and in place of a header an upload ticket in the query will do. */
  uploader: Middleware;
  /** Anybody may pass, and in place of a header a ticket for events in the query will do. Sets `state.admission`. */
  listener: Middleware;
}

interface AuthenticateOptions {
  tokens: Pick<Tokens, 'admit'>;
  tickets: Pick<Tickets, 'redeem'>;
  ownPages: SameOrigin;
}

/** Methods that change nothing (RFC 9110 §9.2.1). */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Finds out who is asking by `Authorization: Bearer` (RFC 6750 §2.1), or else by the session cookie of a browser.
 * Access tokens in a query are not read. Browsers add cookies to requests that other sites have them make, so with a cookie
 * only our own pages may change anything; a token has to be added by whoever asks, and is proof enough.
 */
export function authenticate({ tokens, tickets, ownPages }: AuthenticateOptions): Authentication {
  async function identify(ctx: Context, options: { renew: boolean }): Promise<Principal | null> {
    const admission = await admitByHeader(ctx);
    return admission ? admission.principal : identifyBrowser(ctx, options);
  }

  /** @returns null without the header */
  async function admitByHeader(ctx: Context): Promise<Admission | null> {
    const header = ctx.get('Authorization');
    if (header === '') return null;
    const [, token] = /^Bearer +([\w.~+/-]+=*) *$/i.exec(header) ?? [];
    if (token !== undefined) return tokens.admit(token);
    throw /^Bearer\b/i.test(header)
      ? new InvalidToken()
      : new Unauthenticated('Only Bearer credentials are taken.');
  }

  /** A cookie that is good no longer is nobody's fault: browsers send it until it expires. */
  async function identifyBrowser(ctx: Context, options: { renew: boolean }): Promise<Principal | null> {
    const { browser } = ctx.state;
    if (!browser.carried) return null;
    if (ctx.state.changes || !SAFE.has(ctx.method)) ownPages.require(ctx);
    return browser.authenticate(options);
  }

  async function admitToEvents(ctx: Context): Promise<Admission> {
    const ticket = takeTicket(ctx);
    const byHeader = await admitByHeader(ctx);
    if (byHeader) return byHeader;
    if (ticket !== null) return { principal: await tickets.redeem(ticket, 'events'), until: null };
    // No preflight asks whether a page may open a WebSocket, and a page may read what comes over it.
    const saysWhence = ctx.get('Origin') !== '' || ctx.get('Sec-Fetch-Site') !== '';
    if (ctx.state.browser.carried && saysWhence) ownPages.require(ctx);
    return { principal: await identifyBrowser(ctx, { renew: false }), until: null };
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
    async uploader(ctx, next) {
      const ticket = takeTicket(ctx);
      ctx.state.principal =
        ticket !== null && ctx.get('Authorization') === ''
          ? await tickets.redeem(ticket, 'uploads')
          : await identify(ctx, { renew: true });
      if (!ctx.state.principal) throw new Unauthenticated();
      return next();
    },
    async listener(ctx, next) {
      const admission = await admitToEvents(ctx);
      ctx.state.principal = admission.principal;
      ctx.state.admission = admission;
      return next();
    },
  };
}

/** Takes the ticket out of the query, so that nothing that comes later sees it. */
function takeTicket(ctx: Context): string | null {
  const query = new URLSearchParams(ctx.querystring);
  const ticket = query.get('ticket');
  if (ticket === null) return null;
  query.delete('ticket');
  ctx.querystring = query.toString();
  return ticket;
}

/** Who asks for events, and from where. */
export function visitorOf(ctx: Context): { admission: Admission; address: string } {
  return { admission: ctx.state.admission ?? { principal: null, until: null }, address: ctx.ip };
}

/** The user that `authenticate.required` let pass. */
export function signedIn(ctx: Context): Principal {
  const { principal } = ctx.state;
  if (!principal) throw new Unauthenticated();
  return principal;
}
