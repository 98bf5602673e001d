import type { Context } from '../middleware/context';
import { planAnswer, sendPlan } from '../middleware/send-plan';
import type { Disposition, Visibility } from '../models/sql';
import { contentDisposition } from '../services/http/content-disposition';
import { formatDigest, formatLegacyDigest, preferredLegacyDigest } from '../services/http/digests';
import { isInlineSafe } from '../services/http/media-types';
import type { OpenFile } from '../services/files';

interface ContentOptions {
  /** `inline` only asks: what a browser cannot show safely is an attachment in any case. */
  disposition: Disposition;
  /** Whether shared caches may keep it. */
  cache: Visibility;
  /** Called before an answer to GET that brings content, 200 or 206; it may still refuse by throwing. */
  begin?: (range: { whole: boolean }) => Promise<void>;
}

/**
 * Sends the bytes of a file as the request's method, `Range` and conditions say. The reader is closed at the end,
 * whatever the end is.
 * @throws `PreconditionFailed`, `RangeNotSatisfiable`
 */
export async function sendContent(
  ctx: Context,
  { file, reader }: OpenFile,
  options: ContentOptions,
): Promise<void> {
  try {
    const { size, type, sha256, createdAt } = file;
    const plan = planAnswer(ctx, { size, type, etag: `"${sha256}"`, lastModified: createdAt });
    if (options.begin && ctx.method === 'GET' && plan.status !== 304) {
      await options.begin({ whole: plan.status === 200 });
    }
    ctx.set(fileHeaders(ctx, file, options));
    await sendPlan(ctx, plan, reader);
  } finally {
    await reader.close();
  }
}

function fileHeaders(ctx: Context, file: OpenFile['file'], options: ContentOptions): Record<string, string> {
  const disposition = isInlineSafe(file.type) ? options.disposition : 'attachment';
  const digest = Buffer.from(file.sha256, 'hex');
  const legacy = preferredLegacyDigest(ctx.req.headersDistinct['want-digest'], ['sha-256']);
  return {
    // Asked for again each time, because a file can be deleted or made private; never changed on the way.
    'Cache-Control': `${options.cache}, no-cache, no-transform`,
    'Content-Disposition': contentDisposition(disposition, file.name),
    // Should a browser show it after all, it may do nothing.
    'Content-Security-Policy': "default-src 'none'; sandbox",
    'Repr-Digest': formatDigest('sha-256', digest),
    ...(legacy && { Digest: formatLegacyDigest(legacy, digest) }),
  };
}
