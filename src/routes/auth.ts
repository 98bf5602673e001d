import type { AuthController } from '../controllers/auth';
import type { FerryRouter } from '../middleware/context';
import * as schema from '../schemas/auth';
import type { Gates } from './gates';
import { route } from './route';

export function authRoutes(
  router: FerryRouter,
  { limits, anybody, json }: Gates,
  auth: AuthController,
): void {
  route(router, schema.register, [limits.register, json], auth.register);
  route(router, schema.login, [limits.signIn, json, limits.guesses], auth.login);
  route(router, schema.refresh, [limits.refresh, json], auth.refresh);
  route(router, schema.logout, [anybody, json], auth.logout);
}
