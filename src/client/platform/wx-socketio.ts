import type { Wx } from './wx-api';
import { WxWebSocket } from './wx-websocket';

/** The transport over WebSocket that `engine.io-client` exports as `WebSocket`, and `socket.io-client` as an ES module. */
type TransportClass = new (...given: never[]) => object;

/**
 * Lets the official client of socket.io run in a mini-program:
 * `io(url, { transports: [socketioTransport(WebSocket, wx)] })`, with `WebSocket` from
 * `engine.io-client`, which `socket.io-client` depends on.
 */
export function socketioTransport<Base extends TransportClass>(
  base: Base,
  wx: Pick<Wx, 'connectSocket'>,
): Base {
  const Extensible = base as unknown as new (...given: unknown[]) => object;
  class WxTransport extends Extensible {
    createSocket(
      url: string,
      protocols: string | string[] | undefined,
      { headers = {} }: { headers?: Record<string, string> },
    ): WxWebSocket {
      return new WxWebSocket(url, protocols, { wx, headers });
    }
  }
  return WxTransport as unknown as Base;
}
