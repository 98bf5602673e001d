import { MethodNotAllowed, NotFound, NotImplemented } from '../errors';
import type { Context, FerryRouter, Middleware } from './context';
import type { StaticFinder } from './static-finder';

const KNOWN = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** What neither a static file nor a route took: 501, 404, 405 with `Allow`, or the answer to OPTIONS. */
export function unmatched(router: FerryRouter, findStatic: StaticFinder): Middleware {
  return async function unmatched(ctx) {
    if (!KNOWN.has(ctx.method)) throw new NotImplemented(`${ctx.method} is not a method of this server.`);
    const matched = router.match(ctx.path, ctx.method);
    if (matched.route) throw new NotFound();
    const ofRoutes = matched.path.flatMap((layer) => layer.methods);
    const methods = ofRoutes.length === 0 ? await methodsOfFile(ctx, findStatic) : ofRoutes;
    if (methods.length === 0) throw new NotFound(`There is nothing at ${ctx.path}.`);
    const allowed = [...new Set(methods), 'OPTIONS'];
    if (ctx.method !== 'OPTIONS') throw new MethodNotAllowed(ctx.method, allowed);
    ctx.status = 204;
    ctx.set('Allow', allowed.join(', '));
  };
}

/** GET and HEAD have been asked for files already, before the routes. */
async function methodsOfFile(ctx: Context, findStatic: StaticFinder): Promise<string[]> {
  if (ctx.method === 'GET' || ctx.method === 'HEAD') return [];
  const file = await findStatic(ctx);
  await file?.close();
  return file ? ['GET', 'HEAD'] : [];
}
