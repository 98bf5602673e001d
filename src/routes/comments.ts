import type { CommentsController } from '../controllers/comments';
import type { FerryRouter } from '../middleware/context';
import * as schema from '../schemas/comments';
import type { Gates } from './gates';
import { route } from './route';

export function commentRoutes(router: FerryRouter, gates: Gates, comments: CommentsController): void {
  const { anybody, signedIn, limits, json, idempotent } = gates;
  route(router, schema.listComments, [anybody], comments.list);
  route(router, schema.createComment, [signedIn, limits.writing, json, idempotent], comments.create);
  route(router, schema.getComment, [anybody], comments.get);
  route(router, schema.updateComment, [signedIn, limits.writing, json], comments.update);
  route(router, schema.deleteComment, [signedIn], comments.delete);
}
