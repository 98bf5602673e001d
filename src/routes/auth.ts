import type { AuthController } from '../controllers/auth';
import type { FerryRouter } from '../middleware/context';
import * as schema from '../schemas/auth';
import type { Gates } from './gates';
import { route } from './route';

export function authRoutes(router: FerryRouter, { anybody, json }: Gates, auth: AuthController): void {
  route(router, schema.register, [json], auth.register);
  route(router, schema.login, [json], auth.login);
  route(router, schema.refresh, [json], auth.refresh);
  route(router, schema.logout, [anybody, json], auth.logout);
}
