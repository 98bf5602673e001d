import { keepPreferences } from '../middleware/preferences';
import type * as schema from '../schemas/preferences';
import type { Handler } from './controller';

export interface PreferencesController {
  set: Handler<typeof schema.setPreferences>;
}

export function preferencesController(): PreferencesController {
  return {
    set(ctx, { body }) {
      keepPreferences(ctx, body);
      ctx.status = 204;
    },
  };
}
