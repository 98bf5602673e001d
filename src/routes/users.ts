import type { UsersController } from '../controllers/users';
import type { FerryRouter } from '../middleware/context';
import * as schema from '../schemas/users';
import type { Gates } from './gates';
import { route } from './route';

export function userRoutes(
  router: FerryRouter,
  { signedIn, json, limits }: Gates,
  users: UsersController,
): void {
  route(router, schema.getMe, [signedIn], users.getMe);
  route(router, schema.updateMe, [signedIn, json], users.updateMe);
  route(
    router,
    schema.changePassword,
    [limits.signIn, signedIn, json, limits.ownGuesses],
    users.changePassword,
  );
}
