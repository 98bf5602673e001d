import type { Middleware } from './context';

/**
 * Marks a GET that changes something, because other people's clients ask so: with a cookie it has to come from our own
 * pages, as every other change has. It goes before the gate that finds out who is asking.
 */
export const changingGet: Middleware = function changingGet(ctx, next) {
  ctx.state.changes = true;
  return next();
};
