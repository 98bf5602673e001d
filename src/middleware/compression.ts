import compress from 'koa-compress';
import type { Context, Middleware } from './context';

const CODINGS = ['zstd', 'br', 'gzip', 'deflate'];
const CODED_TAG = new RegExp(`-(${CODINGS.join('|')})"`, 'g');

/**
 * Compresses JSON, pages and scripts. Bytes of files are never touched: their answers say `no-transform`.
 * A strong ETag names exact bytes (RFC 9110 §8.8.3), so a compressed answer carries the coding in its tag, and the tag
 * that a client sends back is taken without it.
 */
export function compression(): Middleware {
  const compressBody = compress({ threshold: 1024, br: { params: {} } }) as unknown as Middleware;
  return async function compression(ctx, next) {
    plainTags(ctx, 'if-none-match');
    plainTags(ctx, 'if-match');
    await compressBody(ctx, next);
    const tag = ctx.response.get('ETag');
    const coding = ctx.response.get('Content-Encoding');
    if (tag.endsWith('"') && CODINGS.includes(coding)) ctx.set('ETag', `${tag.slice(0, -1)}-${coding}"`);
  };
}

function plainTags(ctx: Context, name: 'if-match' | 'if-none-match'): void {
  const tags = ctx.req.headers[name];
  if (tags !== undefined) ctx.req.headers[name] = tags.replace(CODED_TAG, '"');
}
