import { InvalidRequest } from '../errors';
import type { Idempotency } from '../services/idempotency';
import { signedIn } from './authenticate';
import type { Middleware } from './context';

/** What of an answer is given again. */
const KEPT_HEADERS = ['Location', 'ETag'];

/** `Idempotency-Key`: the same request again gets the first answer again, and nothing is made twice. */
export function idempotent(idempotency: Idempotency): Middleware {
  return async function idempotent(ctx, next) {
    const key = ctx.get('Idempotency-Key');
    if (key === '') {
      await next();
      return;
    }
    if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
      throw new InvalidRequest('Idempotency-Key should be 1 to 255 visible ASCII characters.');
    }
    const { userId } = signedIn(ctx);
    const turn = await idempotency.begin(userId, key, [ctx.method, ctx.path, ctx.request.body ?? null]);
    if (turn.kind === 'repeated') {
      ctx.status = turn.answer.status;
      ctx.set(turn.answer.headers);
      ctx.body = turn.answer.body;
      return;
    }
    ctx.state.resourceId = turn.resourceId;
    try {
      await next();
    } catch (error) {
      await idempotency.abandon(userId, key);
      throw error;
    }
    const kept = KEPT_HEADERS.filter((name) => ctx.response.get(name) !== '');
    const headers = Object.fromEntries(kept.map((name) => [name, ctx.response.get(name)]));
    await idempotency.finish(userId, key, { status: ctx.status, headers, body: ctx.body });
  };
}
