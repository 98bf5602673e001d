import { signedIn } from '../middleware/authenticate';
import type { Context } from '../middleware/context';
import { presentLink } from '../presenters/links';
import type * as schema from '../schemas/links';
import type { LinkClient, Links } from '../services/links';
import { sendContent } from './content';
import type { Handler } from './controller';
import { pageFrom, presentPage } from './paging';

export interface LinksController {
  create: Handler<typeof schema.createLink>;
  list: Handler<typeof schema.listLinks>;
  delete: Handler<typeof schema.deleteLink>;
  follow: Handler<typeof schema.followLink>;
}

export function linksController({ links, linkBase }: { links: Links; linkBase: string }): LinksController {
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
      const client = clientOf(ctx);
      const { link, ...opened } = await links.open(params.token, client);
      const saved = query.download !== undefined || link.disposition === 'attachment';
      await sendContent(ctx, opened, {
        disposition: saved ? 'attachment' : 'inline',
        // Whatever the file is: a shared cache would answer after the link has ended, and uncounted.
        cache: 'private',
        begin: (range) => links.begin(link, client, range),
      });
    },
  };
}

function clientOf(ctx: Context): LinkClient {
  return { address: ctx.ip, userAgent: ctx.get('User-Agent') };
}
