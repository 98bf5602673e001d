import type { Middleware } from './context';

/** `?pretty` indents JSON for people. */
export function prettyJson(): Middleware {
  return async function prettyJson(ctx, next) {
    await next();
    const { body } = ctx;
    if (!('pretty' in ctx.query) || typeof body !== 'object' || body === null) return;
    if (Object.getPrototypeOf(body) !== Object.prototype) return;
    const type = ctx.response.get('Content-Type');
    ctx.body = `${JSON.stringify(body, null, 2)}\n`;
    ctx.set('Content-Type', type);
  };
}
