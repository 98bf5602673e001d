import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
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
    await sendPlan(ctx.res, plan, reader);
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
async function sendPlan(res: ServerResponse, plan: ContentPlan, reader: OpenFile['reader']): Promise<void> {
  res.flushHeaders();
  for (const span of plan.spans) {
    if (span.kind === 'literal') await write(res, span.bytes);
    else for await (const piece of reader.read(span.start, span.end)) await write(res, piece);
  }
  res.end();
  if (!res.writableFinished) await Promise.race([once(res, 'finish'), once(res, 'close')]);
}

/** Resolves when the bytes have gone to the kernel, so that their buffer may be used again. */
function write(res: ServerResponse, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = () => reject(new Error('the client closed the connection'));
    if (res.destroyed || res.socket?.destroyed !== false) {
      onClose();
      return;
    }
    res.once('close', onClose);
    res.write(bytes, (error) => {
      res.off('close', onClose);
      if (error) reject(error);
      else resolve();
    });
  });
}
