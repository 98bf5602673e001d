import type { Context } from '../middleware/context';
import type { ByteSource } from '../models/blobs';

/** The bytes of the body as they come. Leaving them early does not close the connection: the answer needs it. */
export function rawBody(ctx: Context): ByteSource {
  return ctx.req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
}

/** The media type of the body in lower case, without parameters; empty without one. */
export function mediaTypeSent(ctx: Context): string {
  const [type = ''] = ctx.get('Content-Type').split(';');
  return type.trim().toLowerCase();
}
