import type * as schema from '../schemas/keys';
import type { AccessTokens } from '../services/access-tokens';
import type { Handler } from './controller';

/** Seconds. A key to come has to be among the settings for so long before it becomes the current one. */
const CACHED_SECONDS = 300;

export interface KeysController {
  getKeys: Handler<typeof schema.getKeys>;
}

export function keysController(accessTokens: Pick<AccessTokens, 'publicKeys'>): KeysController {
  return {
    getKeys(ctx) {
      ctx.set('Cache-Control', `public, max-age=${CACHED_SECONDS}`);
      ctx.body = { keys: accessTokens.publicKeys() };
    },
  };
}
