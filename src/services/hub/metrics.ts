import type { Ending } from './endings';

export const transportNames = ['polling', 'sse', 'websocket', 'socketio'] as const;

export type TransportName = (typeof transportNames)[number];

/** What the realtime part has done since its start. Times are in seconds. */
export interface HubCounts {
  /** Open now. */
  connections: Record<TransportName, number>;
  opened: Record<TransportName, number>;
  /** Handshakes that were refused because of a limit. */
  refused: number;
  /** Events given to connections. */
  deliveries: Record<TransportName, number>;
  /** How often a connection took its events too slowly, and was left behind for a while. */
  behind: number;
  /** Events that were given after a connection had been away or behind. */
  replayed: number;
  /** How often a client was told that it missed something. */
  lost: number;
  /** From an event's time to its sending, summed over `live` events. */
  lagSeconds: number;
  live: number;
  closed: Partial<Record<Ending, number>>;
  /** Topics that are followed in this process. */
  topics: number;
}

const none = (): Record<TransportName, number> => ({ polling: 0, sse: 0, websocket: 0, socketio: 0 });

/** The counts of one hub, as they stand. */
export function startCounting(): HubCounts {
  return {
    connections: none(),
    opened: none(),
    refused: 0,
    deliveries: none(),
    behind: 0,
    replayed: 0,
    lost: 0,
    lagSeconds: 0,
    live: 0,
    closed: {},
    topics: 0,
  };
}
