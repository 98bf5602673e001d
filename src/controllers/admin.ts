import { signedIn } from '../middleware/authenticate';
import { presentAdminUser } from '../presenters/admin';
import type * as schema from '../schemas/admin';
import type { Administration } from '../services/administration';
import type { Handler } from './controller';
import { pageFrom, presentPage } from './paging';

export interface AdminController {
  listUsers: Handler<typeof schema.listUsers>;
  changeUser: Handler<typeof schema.changeUser>;
}

export function adminController(administration: Administration): AdminController {
  return {
    async listUsers(ctx, { query }) {
      const page = pageFrom(query);
      const { q } = query;
      const users = await administration.list({ ...page.wanted, ...(q !== undefined && { q }) });
      ctx.body = presentPage(users, page, presentAdminUser);
    },

    async changeUser(ctx, { params, body }) {
      ctx.body = presentAdminUser(await administration.change(signedIn(ctx).userId, params.id, body));
    },
  };
}
