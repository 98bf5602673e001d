import { signedIn } from '../middleware/authenticate';
import type { Context } from '../middleware/context';
import { presentComment } from '../presenters/comments';
import { API } from '../schemas/common';
import type * as schema from '../schemas/comments';
import type { Comments, CommentView } from '../services/comments';
import type { Handler } from './controller';
import { presentPart } from './paging';
import { answerVersioned, expectedVersions, withCurrent } from './versioned';

export interface CommentsController {
  list: Handler<typeof schema.listComments>;
  create: Handler<typeof schema.createComment>;
  get: Handler<typeof schema.getComment>;
  update: Handler<typeof schema.updateComment>;
  delete: Handler<typeof schema.deleteComment>;
}

interface CommentsOptions {
  comments: Comments;
  linkBase: string;
}

export function commentsController({ comments, linkBase }: CommentsOptions): CommentsController {
  function answer(ctx: Context, view: CommentView): void {
    answerVersioned(ctx, view.comment.version, presentComment(view, linkBase));
  }

  async function current(ctx: Context, id: string) {
    const view = await comments.get(viewer(ctx), id);
    return { version: view.comment.version, shown: presentComment(view, linkBase) };
  }

  return {
    async list(ctx, { params, query }) {
      const { parent: parentId = null, limit, cursor: after = null } = query;
      const page = await comments.list(viewer(ctx), params.id, { parentId, limit, after });
      ctx.body = presentPart(page, (view) => presentComment(view, linkBase));
    },

    async create(ctx, { params, body }) {
      const view = await comments.create(signedIn(ctx).userId, params.id, body, ctx.state.resourceId);
      ctx.status = 201;
      ctx.set('Location', `${linkBase}${API}/comments/${view.comment.id}`);
      answer(ctx, view);
    },

    async get(ctx, { params }) {
      answer(ctx, await comments.get(viewer(ctx), params.id));
    },

    async update(ctx, { params: { id }, body }) {
      const { userId } = signedIn(ctx);
      const update = () => comments.update(userId, id, body.body, expectedVersions(ctx));
      answer(ctx, await withCurrent(update, () => current(ctx, id)));
    },

    async delete(ctx, { params: { id } }) {
      const principal = signedIn(ctx);
      const remove = () => comments.delete(principal, id, expectedVersions(ctx));
      await withCurrent(remove, () => current(ctx, id));
      ctx.status = 204;
    },
  };
}

function viewer(ctx: Context): string | null {
  return ctx.state.principal?.userId ?? null;
}
