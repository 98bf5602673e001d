import type { AdminController } from '../controllers/admin';
import type { FerryRouter } from '../middleware/context';
import * as schema from '../schemas/admin';
import type { Gates } from './gates';
import { route } from './route';

export function adminRoutes(
  router: FerryRouter,
  { signedIn, admin, json }: Gates,
  users: AdminController,
): void {
  route(router, schema.listUsers, [signedIn, admin], users.listUsers);
  route(router, schema.changeUser, [signedIn, admin, json], users.changeUser);
}
