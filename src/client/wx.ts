import { connectOn } from './events/connect';
import type { EventConnection } from './events/connection';
import { wxPlatform } from './platform/wx';
import type { Wx } from './platform/wx-api';
import type { ConnectOptions } from './types';

export { socketioTransport } from './platform/wx-socketio';
export { WxWebSocket, type WxWebSocketOptions } from './platform/wx-websocket';
export type { Wx } from './platform/wx-api';
export type { EventConnection } from './events/connection';
export type * from './types';

/**
 * Follows topics in a mini-program: over the best transport that works, again and again from where it was, until it is
 * closed.
 * @param options `wx` is the mini-program's own; `url` is among the domains that it may use
 */
export function connect(options: ConnectOptions & { url: string; wx: Wx }): EventConnection {
  return connectOn(wxPlatform(options.wx), options);
}
