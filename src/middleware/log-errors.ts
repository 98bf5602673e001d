import type { Logger } from 'pino';
import { FerryError } from '../errors';
import type { Context } from './context';
import { loggable } from './loggable';

/** What is known of the request: only its id when the parser refused it. */
type Refused = Pick<Context, 'state'> & Partial<Pick<Context, 'method' | 'path'>>;

/** How a connection breaks. Koa reports it as well; it is no error of ours, and the access log has it as 499. */
const BROKEN_CONNECTION = new Set<unknown>(['ECONNRESET', 'EPIPE']);

/** The listener of the app's `error` event: faults of ours at error level with their cause, the rest at info. */
export function logErrors(logger: Logger): (error: Error, ctx?: Refused) => void {
  return function logErrors(error, ctx) {
    if (BROKEN_CONNECTION.has((error as NodeJS.ErrnoException).code)) return;
    const request = ctx && {
      requestId: ctx.state.requestId,
      method: ctx.method,
      path: ctx.path && loggable(ctx.path),
    };
    if (error instanceof FerryError && error.status < 500) {
      logger.info({ ...request, code: error.code, detail: loggable(error.message) }, 'refused');
      return;
    }
    logger.error({ ...request, err: error.cause instanceof Error ? error.cause : error }, 'failed');
  };
}
