import { randomUUID } from 'node:crypto';
import type { Middleware } from './context';

/** Takes the client's `X-Request-Id` if it is fit to be logged, or makes one; always returns it. */
export function requestId(): Middleware {
  return function requestId(ctx, next) {
    const sent = ctx.get('X-Request-Id');
    ctx.state.requestId = /^[A-Za-z0-9._-]{1,128}$/.test(sent) ? sent : randomUUID();
    ctx.set('X-Request-Id', ctx.state.requestId);
    return next();
  };
}
