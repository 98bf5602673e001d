import { MethodNotAllowed, NotFound, NotImplemented } from '../errors';
import type { FerryRouter, Middleware } from './context';

const KNOWN = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** What no route took: 501, 404, 405 with `Allow`, or the answer to OPTIONS. */
export function unmatched(router: FerryRouter): Middleware {
  return function unmatched(ctx) {
    if (!KNOWN.has(ctx.method)) throw new NotImplemented(`${ctx.method} is not a method of this server.`);
    const matched = router.match(ctx.path, ctx.method);
    if (matched.route) throw new NotFound();
    const allowed = [...new Set(matched.path.flatMap((layer) => layer.methods)), 'OPTIONS'];
    if (allowed.length === 1) throw new NotFound(`There is nothing at ${ctx.path}.`);
    if (ctx.method !== 'OPTIONS') throw new MethodNotAllowed(ctx.method, allowed);
    ctx.status = 204;
    ctx.set('Allow', allowed.join(', '));
  };
}
