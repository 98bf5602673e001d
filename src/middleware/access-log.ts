import type { Logger } from 'pino';
import type { Context, Middleware } from './context';
import { loggable } from './loggable';

/** nginx's number for a client that went away before it had its answer. */
const CLIENT_CLOSED_REQUEST = 499;
/** The answer to a handshake, which Node's response knows nothing of. */
const SWITCHING_PROTOCOLS = 101;

/** One line for each request, once its connection has nothing more to do with it. The query may hold secrets: left out. */
export function accessLog(logger: Logger): Middleware {
  return function accessLog(ctx, next) {
    const begun = performance.now();
    const bytesBefore = ctx.req.socket.bytesWritten;
    ctx.res.once('close', () => {
      const { statusCode, writableFinished } = ctx.res;
      const answered = writableFinished || statusCode === SWITCHING_PROTOCOLS;
      const status = answered ? statusCode : CLIENT_CLOSED_REQUEST;
      logger.info(
        {
          requestId: ctx.state.requestId,
          method: ctx.method,
          path: loggable(ctx.path),
          status,
          ms: Math.round(performance.now() - begun),
          bytes: ctx.req.socket.bytesWritten - bytesBefore,
          address: ctx.ip,
          ...userOf(ctx),
        },
        'request',
      );
    });
    return next();
  };
}

function userOf(ctx: Context): { user?: string } {
  const principal = ctx.state.principal as Context['state']['principal'] | undefined;
  return principal ? { user: principal.userId } : {};
}
