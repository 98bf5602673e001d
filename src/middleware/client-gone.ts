import type { Context } from './context';

/** Whether nobody is there any more to take an answer. */
export function clientHasGone(ctx: Context): boolean {
  const { socket } = ctx.req;
  return socket.destroyed;
}
