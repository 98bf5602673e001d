import type { Middleware } from './context';

/** What a client may mean by a POST where it cannot send anything else. */
const METHODS = new Set(['HEAD', 'PATCH', 'DELETE']);

/**
 * What clients of other people's upload protocols may count on: the address of the door works without its last slash,
 * and `X-HTTP-Method-Override` is the method of a POST, because mini-programs cannot PATCH and some proxies let no
 * PATCH through. The answer is one to POST all the same: its client reads it as such.
 * @param doors paths with a slash at their end; elsewhere nothing of this is so
 */
export function uploadDoors(doors: string[]): Middleware {
  return async function uploadDoors(ctx, next) {
    if (doors.includes(`${ctx.path}/`)) ctx.path = `${ctx.path}/`;
    const wanted = ctx.get('X-HTTP-Method-Override').toUpperCase();
    if (ctx.method !== 'POST' || !METHODS.has(wanted) || !doors.some((door) => ctx.path.startsWith(door))) {
      await next();
      return;
    }
    ctx.method = wanted;
    try {
      await next();
    } finally {
      ctx.method = 'POST';
    }
  };
}
