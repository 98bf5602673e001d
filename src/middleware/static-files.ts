import { TooLarge } from '../errors';
import { withPlainTags } from './compression';
import type { Context, Middleware } from './context';
import { planAnswer, sendPlan } from './send-plan';
import { staticFinder, type StaticFile } from './static-finder';
import { StaticTags } from './static-tags';

/** Types that `compression` may have to compress; everything else goes out as it is. */
const COMPRESSIBLE = /^text\/|^application\/(?:javascript|json|xml|wasm)\b|\+(?:json|xml)\b/;
/** The largest file, in bytes, that is held in memory to be compressed. */
const MOST_COMPRESSED = 8 * 1024 * 1024;

interface StaticFilesOptions {
  directory: string;
  /** Bytes of the largest file that is sent; 0 is no limit. */
  maxBytes: number;
}

/**
 * Sends the files of a directory as method, `Range` and conditions say, exactly as stored files are sent. It stands
 * within `compression` and outside of other middleware that evaluates conditions.
 * @throws `TooLarge`, `PreconditionFailed`, `RangeNotSatisfiable`
 */
export function staticFiles({ directory, maxBytes }: StaticFilesOptions): Middleware {
  const find = staticFinder(directory);
  const tags = new StaticTags();
  return async function staticFiles(ctx, next) {
    const file = ctx.method === 'GET' || ctx.method === 'HEAD' ? await find(ctx) : null;
    if (!file) {
      await next();
      return;
    }
    try {
      if (maxBytes > 0 && file.size > maxBytes) {
        throw new TooLarge(`Static files of more than ${maxBytes} bytes are not sent.`);
      }
      await send(ctx, file, await tags.of(file));
    } finally {
      await file.close();
    }
  };
}

async function send(ctx: Context, file: StaticFile, etag: string): Promise<void> {
  const { size, type } = file;
  // RFC 9110 §8.8.2.1: never later than the answer itself.
  const lastModified = new Date(Math.min(Number(file.stats.mtimeMs), Date.now()));
  const compressible = mayBeCompressed(ctx, file);
  const { headersDistinct } = ctx.req;
  const headers = compressible ? withPlainTags(headersDistinct) : headersDistinct;
  const plan = planAnswer(ctx, { size, type, etag, lastModified }, headers);
  ctx.set('Cache-Control', 'public, max-age=3600');
  if (!compressible || (plan.status === 200 && plan.spans.length === 0)) {
    await sendPlan(ctx, plan, file);
    return;
  }
  // What `compression` may work on, and a 304 that may have to carry the tag of a compressed answer, go through Koa.
  ctx.status = plan.status;
  ctx.set(plan.headers);
  if (plan.status === 200) ctx.body = await wholeOf(file);
}

/** Ranges are of the bytes as they are, so whoever asks for one gets no coding, neither in a part nor in the whole. */
function mayBeCompressed(ctx: Context, { size, type }: StaticFile): boolean {
  const asksForPart = ctx.method === 'GET' && ctx.req.headersDistinct['range'] !== undefined;
  return !asksForPart && size <= MOST_COMPRESSED && COMPRESSIBLE.test(type);
}

async function wholeOf(file: StaticFile): Promise<Buffer> {
  const whole = Buffer.allocUnsafe(file.size);
  let filled = 0;
  for await (const piece of file.read(0, file.size)) {
    whole.set(piece, filled);
    filled += piece.length;
  }
  return whole;
}
