import type { FerryError } from '../errors';
import type { Middleware } from '../middleware/context';
import type { Services } from '../services';
import { pollingTransport } from './polling';
import { socketioTransport } from './socketio';
import { sseTransport } from './sse';
import { websocketTransport } from './websocket';

export interface Transports {
  polling: ReturnType<typeof pollingTransport>;
  sse: ReturnType<typeof sseTransport>;
  websocket: ReturnType<typeof websocketTransport>;
  socketio: ReturnType<typeof socketioTransport>;
}

/** The ways on which events reach clients, over one hub. They open nothing. */
export function createTransports(
  { hub, tokens, tickets }: Pick<Services, 'hub' | 'tokens' | 'tickets'>,
  listener: Middleware,
  report: (error: FerryError) => void,
): Transports {
  return {
    polling: pollingTransport({ hub }),
    sse: sseTransport({ hub }),
    websocket: websocketTransport({ hub, report }),
    socketio: socketioTransport({ hub, tickets, admit: (token) => tokens.admit(token), listener, report }),
  };
}
