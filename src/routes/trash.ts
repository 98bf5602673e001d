import type { TrashController } from '../controllers/trash';
import type { FerryRouter } from '../middleware/context';
import * as schema from '../schemas/trash';
import type { Gates } from './gates';
import { route } from './route';

export function trashRoutes(router: FerryRouter, { signedIn, json }: Gates, trash: TrashController): void {
  route(router, schema.listTrash, [signedIn], trash.list);
  route(router, schema.restoreDocument, [signedIn, json], trash.restore);
  route(router, schema.purgeDocument, [signedIn], trash.purge);
}
