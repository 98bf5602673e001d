import { signedIn } from '../middleware/authenticate';
import { presentDocument, presentTrashed } from '../presenters/documents';
import type * as schema from '../schemas/trash';
import type { Trash } from '../services/trash';
import type { Handler } from './controller';
import { presentPart } from './paging';
import { answerVersioned } from './versioned';

export interface TrashController {
  list: Handler<typeof schema.listTrash>;
  restore: Handler<typeof schema.restoreDocument>;
  purge: Handler<typeof schema.purgeDocument>;
}

interface TrashOptions {
  trash: Trash;
  linkBase: string;
}

export function trashController({ trash, linkBase }: TrashOptions): TrashController {
  return {
    async list(ctx, { query }) {
      const { limit, cursor: before = null } = query;
      const page = await trash.list(signedIn(ctx).userId, { limit, before });
      ctx.body = presentPart(page, (view) => presentTrashed(view, linkBase));
    },

    async restore(ctx, { params }) {
      const view = await trash.restore(signedIn(ctx).userId, params.id);
      answerVersioned(ctx, view.document.version, presentDocument(view, linkBase));
    },

    async purge(ctx, { params }) {
      await trash.purge(signedIn(ctx).userId, params.id);
      ctx.status = 204;
    },
  };
}
