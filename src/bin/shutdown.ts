import type { Server } from 'node:http';
import type { Logger } from 'pino';
import { closeStores, type Stores } from '../models/stores';
import type { Services } from '../services';

/** Over which realtime clients are sent away, so that they do not all come back at the same moment. */
const SPREAD_MS = 5000;

interface Running {
  server: Server;
  services: Services;
  stores: Stores;
  logger: Logger;
  /** How long running requests may take. */
  timeMs: number;
}

/**
 * Stops in order: not ready any more → no new connections → realtime clients are sent away → running requests finish →
 * clean-up ends → stores close.
 * Calling it again waits for the same end. Requests that take too long are cut off.
 */
export function createShutdown({
  server,
  services,
  stores,
  logger,
  timeMs,
}: Running): (reason: string) => Promise<void> {
  let stopped: Promise<void> | undefined;

  async function stop(reason: string): Promise<void> {
    logger.info({ reason }, 'stopping');
    services.health.drain();
    services.qr.drain();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    const sweep = setInterval(() => server.closeIdleConnections(), 100);
    const cut = setTimeout(() => {
      logger.warn({ afterMs: timeMs }, 'cutting off requests that are still running');
      server.closeAllConnections();
    }, timeMs);
    await services.hub.drain(Math.min(timeMs / 2, SPREAD_MS));
    await closed;
    await services.hub.close();
    clearInterval(sweep);
    clearTimeout(cut);
    await services.maintenance.stop();
    await services.markdown.close();
    await closeStores(stores);
    logger.info('stopped');
  }

  return (reason) => (stopped ??= stop(reason));
}
