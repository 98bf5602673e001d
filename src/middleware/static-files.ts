import { TooLarge } from '../errors';
import type { Context, Middleware } from './context';
import { planAnswer, sendPlan } from './send-plan';
import type { StaticFinder } from './static-finder';
import { StaticTags } from './static-tags';
import { StaticVariants, type StaticVariant } from './static-variants';

/**
 * A name with a content hash, `app.3f2a9c1b.js` or `app-3f2a9c1b.css.map`: other content gets another name. Both a
 * digit and a letter must be in it, because a number alone may be a date.
 */
const HASHED_NAME = /[.-](?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{8,64}(?:\.\w+)+$/;

interface StaticFilesOptions {
  find: StaticFinder;
  /** Bytes of the largest file that is sent; 0 is no limit. */
  maxBytes: number;
}

/**
 * Sends static files as method, `Range`, conditions and `Accept-Encoding` say: each form of a file is a representation
 * with a tag, a date and ranges of its own.
 * @throws `TooLarge`, `PreconditionFailed`, `RangeNotSatisfiable`
 */
export function staticFiles({ find, maxBytes }: StaticFilesOptions): Middleware {
  const tags = new StaticTags();
  const variants = new StaticVariants(find, tags);
  return async function staticFiles(ctx, next) {
    const original = mayBeFile(ctx) ? await find(ctx) : null;
    if (!original) {
      await next();
      return;
    }
    try {
      if (maxBytes > 0 && original.size > maxBytes) {
        throw new TooLarge(`Static files of more than ${maxBytes} bytes are not sent.`);
      }
      const variant = await variants.choose(ctx, original);
      try {
        await send(ctx, variant, { etag: await tags.of(variant.file), type: original.type });
      } finally {
        await variant.file.close();
      }
    } finally {
      await original.close();
    }
  };
}

/** The API's paths are never looked for on the disk. */
function mayBeFile({ method, path }: Context): boolean {
  return (method === 'GET' || method === 'HEAD') && !path.startsWith('/api/');
}

async function send(
  ctx: Context,
  { file, coding }: StaticVariant,
  { etag, type }: { etag: string; type: string },
): Promise<void> {
  // RFC 9110 §8.8.2.1: never later than the answer itself.
  const lastModified = new Date(Math.min(Number(file.stats.mtimeMs), Date.now()));
  const plan = planAnswer(ctx, { size: file.size, type, etag, lastModified });
  ctx.set(
    'Cache-Control',
    HASHED_NAME.test(ctx.path) ? 'public, max-age=31536000, immutable' : 'public, no-cache',
  );
  ctx.vary('Accept-Encoding');
  if (coding !== 'identity' && plan.status !== 304) ctx.set('Content-Encoding', coding);
  await sendPlan(ctx, plan, file);
}
