import type { Middleware } from './context';

/** What a client may go on sending after it has been answered, before the connection is cut. */
const MOST_BYTES = 4 * 1024 * 1024;
const MOST_MS = 5000;

/**
 * A request that is answered before its body has come, say with 413, leaves the client sending. Cutting it off at once
 * would lose the answer on the way; reading all of it would let one request keep the server busy for hours. So some is
 * read and dropped, then the connection ends.
 */
export function unreadBody(): Middleware {
  return async function unreadBody(ctx, next) {
    // Before Node's own listener, which would drop a body that nobody has begun to read, uncounted and to its end.
    ctx.res.prependOnceListener('finish', () => {
      const { req } = ctx;
      if (req.complete || req.destroyed) return;
      let dropped = 0;
      const timer = setTimeout(() => req.destroy(), MOST_MS).unref();
      req.on('data', (piece: Buffer) => {
        dropped += piece.length;
        if (dropped > MOST_BYTES) req.destroy();
      });
      req.once('close', () => clearTimeout(timer));
      req.resume();
      req.read(0);
    });
    await next();
  };
}
