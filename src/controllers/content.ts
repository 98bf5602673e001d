import type { Context } from '../middleware/context';
import { clientGone } from '../middleware/client-gone';
import { planAnswer, sendPlan, type ContentReader } from '../middleware/send-plan';
import type { Disposition, Visibility } from '../models/sql';
import { contentDisposition } from '../services/http/content-disposition';
import { handOver } from '../services/http/hand-over';
import { formatDigest, formatLegacyDigest, preferredLegacyDigest } from '../services/http/digests';
import { isInlineSafe } from '../services/http/media-types';
import type { DownloadBudgets } from '../services/download-budgets';
import type { OpenContent } from '../services/open-content';
import { networkOf } from '../services/network-of';

interface ContentOptions {
  /** `inline` only asks: what a browser cannot show safely is an attachment in any case. */
  disposition: Disposition;
  /** Whether shared caches may keep it. */
  cache: Visibility;
  /** Called before an answer to GET that brings content, 200 or 206; it may still refuse by throwing. */
  begin?: (range: { whole: boolean }) => Promise<void>;
}

interface Delivery {
  /** Null when nobody is held back. */
  budgets: DownloadBudgets | null;
  /** Where nginx has the blobs, e.g. `/_ferry-blobs/`; null when bytes are sent from here. */
  accelRedirect: string | null;
}

/**
 * Sends content as the request's method, `Range` and conditions say. The reader is closed at the end,
 * whatever the end is.
 * @throws `PreconditionFailed`, `RangeNotSatisfiable`
 */
export type SendContent = (ctx: Context, content: OpenContent, options: ContentOptions) => Promise<void>;

export function contentSender({ budgets, accelRedirect }: Delivery): SendContent {
  return async function sendContent(ctx, content, options) {
    const { reader } = content;
    try {
      const plan = planAnswer(ctx, content);
      if (options.begin && ctx.method === 'GET' && plan.status !== 304) {
        await options.begin({ whole: plan.status === 200 });
      }
      ctx.set(contentHeaders(ctx, content, options));
      const location = locationAtProxy(ctx, content, accelRedirect);
      const handedOver = location === null ? null : handOver(plan, ctx.req.headersDistinct, location);
      await sendPlan(ctx, handedOver ?? plan, paced(ctx, reader, budgets));
    } finally {
      await reader.close();
    }
  };
}

/**
 * Where the proxy in front has the bytes; null when it has not said that it can send them, or has not got them. A blob
 * whose size is wrong is no business of its: from here it breaks off, so that nobody takes it for whole.
 */
function locationAtProxy(ctx: Context, { size, reader }: OpenContent, prefix: string | null): string | null {
  if (prefix === null || ctx.get('X-Sendfile-Type') !== 'X-Accel-Redirect') return null;
  return reader.path === undefined || reader.size !== size ? null : prefix + reader.path;
}

/** Whoever is signed in has a budget; without that, and so by links, a client by its address has one. */
function paced(ctx: Context, reader: ContentReader, budgets: DownloadBudgets | null): ContentReader {
  if (!budgets) return reader;
  const principal = ctx.state.principal as Context['state']['principal'] | undefined;
  const downloader = principal ? `user:${principal.userId}` : `address:${networkOf(ctx.ip)}`;
  const gone = clientGone(ctx);
  return {
    read: (start, end) => budgets.pace(downloader, reader.read(start, end), gone),
    close: () => reader.close(),
  };
}

function contentHeaders(ctx: Context, content: OpenContent, options: ContentOptions): Record<string, string> {
  const disposition = isInlineSafe(content.type) ? options.disposition : 'attachment';
  return {
    // Asked for again each time, because a file can be deleted or made private; never changed on the way.
    'Cache-Control': `${options.cache}, no-cache, no-transform`,
    'Content-Disposition': contentDisposition(disposition, content.name),
    // Should a browser show it after all, it may do nothing.
    'Content-Security-Policy': "default-src 'none'; sandbox",
    ...(content.sha256 !== null && digestHeaders(ctx, Buffer.from(content.sha256, 'hex'))),
  };
}

function digestHeaders(ctx: Context, digest: Buffer): Record<string, string> {
  const legacy = preferredLegacyDigest(ctx.req.headersDistinct['want-digest'], ['sha-256']);
  return {
    'Repr-Digest': formatDigest('sha-256', digest),
    ...(legacy && { Digest: formatLegacyDigest(legacy, digest) }),
  };
}
