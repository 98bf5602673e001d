import { CrossSite } from '../errors';
import type { Context, Middleware } from './context';

export interface SameOrigin {
  /** Whether the browser says that one of our own pages asks. */
  holds(ctx: Context): boolean;
  /** @throws `CrossSite` unless it holds */
  require(ctx: Context): void;
  /** For calls that set cookies: no other site can sign a visitor in, or out. */
  gate: Middleware;
}

/**
 * Tells our own pages from all others by `Sec-Fetch-Site`, which pages cannot forge, and where a browser sends none, by
 * `Origin`. A page of another origin is refused also when it is of the same site, or on the CORS list: that list is for
 * requests with an access token.
 * @param publicUrl the address of our pages; without one, that of the request
 */
export function sameOrigin(publicUrl: string | null): SameOrigin {
  const own = publicUrl === null ? null : new URL(publicUrl).origin;

  function holds(ctx: Context): boolean {
    const site = ctx.get('Sec-Fetch-Site');
    // `none` is a request by the user's own hand, such as a reload.
    if (site !== '') return site === 'same-origin' || site === 'none';
    return ctx.get('Origin') === (own ?? ctx.origin.toLowerCase());
  }

  function require(ctx: Context): void {
    if (holds(ctx)) return;
    throw new CrossSite(
      'A change with cookies has to come from our own pages: Sec-Fetch-Site or Origin should say so.',
    );
  }

  return {
    holds,
    require,
    gate(ctx, next) {
      if (isBrowser(ctx)) require(ctx);
      return next();
    },
  };
}

/**
 * Browsers say where a POST comes from, and send the cookies that they have; what does neither is a program that acts
 * for itself.
 */
function isBrowser(ctx: Context): boolean {
  return ['Sec-Fetch-Site', 'Origin', 'Referer', 'Cookie'].some((name) => ctx.get(name) !== '');
}
