import { fromForeignError } from './foreign-errors';
import { FerryError, Internal } from '../errors';
import type { Views } from '../views';
import type { Context, Middleware } from './context';
import { clientHasGone } from './client-gone';
import { preferencesOf } from './preferences';

/** Headers that describe the body which the error replaces. */
const BODY_HEADERS = [
  'Accept-Ranges',
  'Content-Disposition',
  'Content-Encoding',
  'Content-Length',
  'Content-Range',
  'ETag',
  'Last-Modified',
  'Location',
  'Repr-Digest',
];

/**
 * The outermost middleware: whatever is thrown further in becomes problem+json (RFC 9457), or a page for a browser,
 * and is emitted once as the app's `error` event. An error after the headers went out cuts the connection, because
 * the client must not take what it got for whole.
 */
export function errorHandler(views: Views): Middleware {
  return async function errorHandler(ctx, next) {
    try {
      await next();
    } catch (thrown) {
      if (clientHasGone(ctx)) return;
      const error = toFerryError(thrown);
      ctx.app.emit('error', error, ctx);
      if (ctx.headerSent) {
        ctx.respond = false;
        ctx.res.destroy();
        return;
      }
      render(ctx, error, views);
    }
  };
}

function render(ctx: Context, error: FerryError, views: Views): void {
  for (const name of BODY_HEADERS) ctx.remove(name);
  ctx.status = error.status;
  ctx.set('Cache-Control', 'no-store');
  ctx.set(error.headers);
  ctx.vary('Accept');
  const { requestId } = ctx.state;
  const { status, title, code, message: detail, members } = error;
  if (ctx.accepts('application/problem+json', 'application/json', 'text/html') === 'text/html') {
    ctx.vary('Accept-Language');
    ctx.vary('Cookie');
    const { locale, theme } = preferencesOf(ctx);
    ctx.body = views.render('error', locale, { status, title, detail, code, requestId, theme });
    ctx.type = 'html';
    return;
  }
  const problem = { type: 'about:blank', title, status, detail, code, requestId, ...members };
  ctx.body = JSON.stringify(problem, null, 'pretty' in ctx.query ? 2 : 0);
  ctx.set('Content-Type', 'application/problem+json; charset=utf-8');
}

function toFerryError(thrown: unknown): FerryError {
  if (thrown instanceof FerryError) return thrown;
  return fromForeignError(thrown) ?? new Internal(thrown);
}
