import compress from 'koa-compress';
import { acceptableCodings } from '../services/http/content-codings';
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
    const known = ctx.get('If-None-Match');
    plainTags(ctx, 'if-none-match');
    plainTags(ctx, 'if-match');
    // koa-compress fails where a request refuses plain answers and takes no coding of its own; it gets a plain one.
    if (acceptableCodings(ctx.req.headersDistinct['accept-encoding']).length === 0) ctx['compress'] = false;
    await compressBody(ctx, next);
    const tag = ctx.response.get('ETag');
    if (!tag.endsWith('"')) return;
    const coded = (coding: string) => `${tag.slice(0, -1)}-${coding}"`;
    // RFC 9110 §15.4.5: a 304 has the tag of the answer that the client holds.
    const isHeld = (coding: string) => ctx.status === 304 && known.includes(coded(coding));
    const coding = CODINGS.find((name) => name === ctx.response.get('Content-Encoding') || isHeld(name));
    if (coding !== undefined) ctx.set('ETag', coded(coding));
  };
}

function plainTags(ctx: Context, name: 'if-match' | 'if-none-match'): void {
  const tags = ctx.req.headers[name];
  if (tags !== undefined) ctx.req.headers[name] = withoutCoding(tags);
}

function withoutCoding(tags: string): string {
  return tags.replace(CODED_TAG, '"');
}
