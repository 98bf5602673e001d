import { CrossSite } from '../errors';
import type { Middleware } from './context';
import type { SameOrigin } from './same-origin';

/**
 * Browsers let any page open a WebSocket to anywhere and read what comes: no CORS stands before it. So a page has to be
 * one of ours, or of an origin that may call the API; what is no page sends no `Origin` and passes.
 */
export function handshakeOrigin(ownPages: SameOrigin, corsOrigins: string[]): Middleware {
  return function handshakeOrigin(ctx, next) {
    const origin = ctx.get('Origin');
    if (origin === '' || corsOrigins.includes(origin) || ownPages.holds(ctx)) return next();
    throw new CrossSite('Pages of this origin may not connect.');
  };
}
