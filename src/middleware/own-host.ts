import { Misdirected } from '../errors';
import type { Middleware } from './context';

/** Where monitors and orchestrators call by address. */
const BY_ADDRESS = new Set(['/healthz', '/readyz']);

/** With a public address, a request for another host is not for us: DNS rebinding and poisoned links end here. */
export function ownHost(publicUrl: string | null): Middleware {
  const own = publicUrl === null ? null : new URL(publicUrl).host;
  return function ownHost(ctx, next) {
    if (own !== null && ctx.host.toLowerCase() !== own && !BY_ADDRESS.has(ctx.path)) {
      throw new Misdirected(`This server answers for ${own}.`);
    }
    return next();
  };
}
