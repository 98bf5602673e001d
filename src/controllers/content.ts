import type { IncomingMessage } from 'node:http';
import type { Context } from '../middleware/context';
import { PreconditionFailed, RangeNotSatisfiable } from '../errors';
import { contentDisposition } from '../services/http/content-disposition';
import { planContent, type ContentPlan } from '../services/http/content-plan';
import { formatDigest, formatLegacyDigest, preferredLegacyDigest } from '../services/http/digests';
import { isInlineSafe } from '../services/http/media-types';
import type { OpenFile } from '../services/files';

interface ContentOptions {
  /** Answer as an attachment even what a browser could show safely. */
  download: boolean;
}

/**
 * Sends the bytes of a file as the request's method, `Range` and conditions say (RFC 9110 §13, §14), straight to the
 * socket and never more than the socket takes. The reader is closed at the end, whatever the end is.
 * @throws `PreconditionFailed`, `RangeNotSatisfiable`
 */
export async function sendContent(
  ctx: Context,
  { file, reader }: OpenFile,
  options: ContentOptions,
): Promise<void> {
  try {
    const { size, type, sha256, createdAt } = file;
    const plan = planContent({
      method: ctx.method,
      headers: ctx.req.headersDistinct,
      representation: { size, type, etag: `"${sha256}"`, lastModified: createdAt },
    });
    if (plan.status === 412) throw new PreconditionFailed('The content is another one.');
    if (plan.status === 416) {
      throw new RangeNotSatisfiable(`The content has ${size} bytes.`, { headers: plan.headers });
    }
    ctx.status = plan.status;
    ctx.set(fileHeaders(ctx, file, options.download));
    ctx.set(plan.headers);
    // From here on the bytes go to the socket without Koa.
    ctx.respond = false;
    await sendPlan(ctx, plan, reader);
  } finally {
    await reader.close();
  }
}

function fileHeaders(ctx: Context, file: OpenFile['file'], download: boolean): Record<string, string> {
  const disposition = isInlineSafe(file.type) && !download ? 'inline' : 'attachment';
  const digest = Buffer.from(file.sha256, 'hex');
  const legacy = preferredLegacyDigest(ctx.req.headersDistinct['want-digest'], ['sha-256']);
  return {
    // Asked for again each time, because a file can be deleted or made private; never changed on the way.
    'Cache-Control': `${file.visibility}, no-cache, no-transform`,
    'Content-Disposition': contentDisposition(disposition, file.name),
    // Should a browser show it after all, it may do nothing.
    'Content-Security-Policy': "default-src 'none'; sandbox",
    'Repr-Digest': formatDigest('sha-256', digest),
    ...(legacy && { Digest: formatLegacyDigest(legacy, digest) }),
  };
}

/** Writes the spans one piece at a time: a piece is asked for when the socket has taken the one before. */
async function sendPlan({ req, res }: Context, plan: ContentPlan, reader: OpenFile['reader']): Promise<void> {
  res.flushHeaders();
  const write = (bytes: Uint8Array) => unlessGone(req, (done) => res.write(bytes, done));
  for (const span of plan.spans) {
    if (span.kind === 'literal') await write(span.bytes);
    else for await (const piece of reader.read(span.start, span.end)) await write(piece);
  }
  await unlessGone(req, (done) => res.end(done));
}

/**
 * Resolves when what `start` starts is done: bytes have gone to the kernel, so that their buffer may be used again.
 * Whether the client has gone is asked of the request, because a response that waits for its turn in a pipeline has no
 * socket yet and would never hear of it.
 */
function unlessGone(
  req: IncomingMessage,
  start: (done: (error?: Error | null) => void) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = () => reject(new Error('the client closed the connection'));
    if (req.socket.destroyed) {
      onClose();
      return;
    }
    req.once('close', onClose);
    start((error) => {
      req.off('close', onClose);
      if (error) reject(error);
      else resolve();
    });
  });
}
