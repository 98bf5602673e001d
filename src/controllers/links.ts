import { signedIn } from '../middleware/authenticate';
import type { Context } from '../middleware/context';
import { presentLink } from '../presenters/links';
import type * as schema from '../schemas/links';
import type { Links } from '../services/links';
import type { ShareClient, Shares } from '../services/shares';
import type { SendContent } from './content';
import type { Handler } from './controller';
import { pageFrom, presentPage } from './paging';

export interface LinksController {
  create: Handler<typeof schema.createLink>;
  list: Handler<typeof schema.listLinks>;
  delete: Handler<typeof schema.deleteLink>;
  follow: Handler<typeof schema.followLink>;
}

interface LinksControllerOptions {
  links: Links;
  /** What `/d/:token` leads to: links, and archives. */
  shares: Shares;
  sendContent: SendContent;
  linkBase: string;
}

export function linksController({
  links,
  shares,
  sendContent,
  linkBase,
}: LinksControllerOptions): LinksController {
  return {
    async create(ctx, { params, body }) {
      const { link, token } = await links.create(signedIn(ctx).userId, params.id, body);
      ctx.status = 201;
      ctx.set('Cache-Control', 'no-store');
      ctx.body = { ...presentLink(link), url: `${linkBase}/d/${token}` };
    },

    async list(ctx, { params, query }) {
      const page = pageFrom(query);
      const records = await links.list(signedIn(ctx).userId, params.id, page.wanted);
      ctx.body = presentPage(records, page, presentLink);
    },

    async delete(ctx, { params }) {
      await links.revoke(signedIn(ctx).userId, params.id, params.linkId);
      ctx.status = 204;
    },

    async follow(ctx, { params, query }) {
      const { content, disposition, begin } = await shares.open(params.token, clientOf(ctx));
      const saved = query.download !== undefined || disposition === 'attachment';
      await sendContent(ctx, content, {
        disposition: saved ? 'attachment' : 'inline',
        // Whatever the file is: a shared cache would answer after the link has ended, and uncounted.
        cache: 'private',
        begin,
      });
    },
  };
}

function clientOf(ctx: Context): ShareClient {
  return { address: ctx.ip, userAgent: ctx.get('User-Agent') };
}
