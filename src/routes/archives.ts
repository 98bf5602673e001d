import type { ArchivesController } from '../controllers/archives';
import type { FerryRouter } from '../middleware/context';
import * as schema from '../schemas/archives';
import type { Gates } from './gates';
import { route } from './route';

export function archiveRoutes(
  router: FerryRouter,
  { signedIn, json }: Gates,
  archives: ArchivesController,
): void {
  route(router, schema.createArchive, [signedIn, json], archives.create);
}
