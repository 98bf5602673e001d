import type { Platform } from '../platform/platform';
import type { ConnectOptions } from '../types';
import { EventConnection } from './connection';
import { Ladder } from './ladder';
import { longPoll, shortPoll } from './polling';
import { sse } from './sse';
import type { Transport } from './transport';
import { websocket } from './websocket';

/** The best first. */
const TRANSPORTS: readonly Transport[] = [websocket, sse, longPoll, shortPoll];

/**
 * Follows topics: over the best transport that works here, again and again from where it was, until it is closed.
 * @throws when there is no address, or no transport
 */
export function connectOn(platform: Platform, options: ConnectOptions): EventConnection {
  const base = options.url ?? platform.origin;
  if (base === null) throw new Error('url is missing: where Ferry is, such as https://ferry.example.');
  const [first, ...others] = TRANSPORTS.filter(
    ({ name, isSupported }) => (options.transports?.includes(name) ?? true) && isSupported(platform),
  );
  if (!first) throw new Error('None of these transports can be used here.');
  return new EventConnection(base.replace(/\/+$/, ''), options, platform, new Ladder([first, ...others]));
}
