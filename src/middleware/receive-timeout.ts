import { Timeout } from '../errors';
import type { Middleware } from './context';
import { bringsBody } from './request-body';

/**
 * A body that stands still for too long is answered 408. A slow one that moves may take as long as it needs, which
 * the server's own limit on whole requests would not allow.
 */
export function receiveTimeout(idleMs: number): Middleware {
  return async function receiveTimeout(ctx, next) {
    if (!bringsBody(ctx)) {
      await next();
      return;
    }
    let stop: () => void = () => undefined;
    const stalled = new Promise<never>((_, reject) => {
      let seen = ctx.req.socket.bytesRead;
      const timer = setInterval(() => {
        const { bytesRead } = ctx.req.socket;
        if (ctx.req.complete) clearInterval(timer);
        else if (bytesRead === seen)
          reject(new Timeout(`No byte of the body came for ${idleMs / 1000} seconds.`));
        seen = bytesRead;
      }, idleMs);
      stop = () => clearInterval(timer);
    });
    const answered = Promise.resolve(next());
    // Once the answer is 408, what becomes of the work that waits for the body interests nobody.
    answered.catch(() => undefined);
    try {
      await Promise.race([answered, stalled]);
    } catch (error) {
      if (error instanceof Timeout) ctx.set('Connection', 'close');
      throw error;
    } finally {
      stop();
    }
  };
}
