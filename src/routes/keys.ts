import type { KeysController } from '../controllers/keys';
import type { FerryRouter } from '../middleware/context';
import * as schema from '../schemas/keys';
import { route } from './route';

export function keyRoutes(router: FerryRouter, keys: KeysController): void {
  route(router, schema.getKeys, [], keys.getKeys);
}
