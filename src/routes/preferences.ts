import type { PreferencesController } from '../controllers/preferences';
import type { FerryRouter } from '../middleware/context';
import * as schema from '../schemas/preferences';
import type { Gates } from './gates';
import { route } from './route';

export function preferenceRoutes(
  router: FerryRouter,
  { sameOrigin, json }: Gates,
  preferences: PreferencesController,
): void {
  route(router, schema.setPreferences, [sameOrigin, json], preferences.set);
}
