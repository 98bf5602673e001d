import type { Context } from './context';

/** Whether nobody is there any more to take an answer. */
export function clientHasGone(ctx: Context): boolean {
  const { socket } = ctx.req;
  return socket.destroyed;
}

/** Aborted when nobody takes the answer any more: the client has gone, or has it. */
export function clientGone(ctx: Context): AbortSignal {
  const gone = new AbortController();
  const abort = () => gone.abort(new Error('the client closed the connection'));
  if (clientHasGone(ctx)) abort();
  else ctx.req.once('close', abort);
  return gone.signal;
}
