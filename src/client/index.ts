import { connectOn } from './events/connect';
import type { EventConnection } from './events/connection';
import { browserPlatform } from './platform/browser';
import type { Platform } from './platform/platform';
import type { ConnectOptions } from './types';

export { browserPlatform, type BrowserOptions } from './platform/browser';
export type { EventConnection } from './events/connection';
export type { Platform } from './platform/platform';
export type * from './types';

/**
 * Follows topics in a browser or in Node: over the best transport that works, again and again from where it was, until
 * it is closed.
 * @throws when there is no address, or no transport
 */
export function connect(options: ConnectOptions & { platform?: Platform }): EventConnection {
  return connectOn(options.platform ?? browserPlatform(), options);
}
