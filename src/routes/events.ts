import type { EventTicketsController } from '../controllers/event-tickets';
import type { FerryRouter } from '../middleware/context';
import * as schema from '../schemas/events';
import type { Transports } from '../transports';
import type { Gates } from './gates';
import { route } from './route';

/** Where clients of socket.io look for it by themselves. */
const SOCKET_IO = '/socket.io/';

export function eventRoutes(
  router: FerryRouter,
  { listener, handshake, signedIn }: Gates,
  { polling, sse, websocket, socketio }: Transports,
  tickets: EventTicketsController,
): void {
  route(router, schema.pollEvents, [listener], polling.poll);
  route(router, schema.streamEvents, [listener], sse.stream);
  route(router, schema.openEventSocket, [handshake, listener], websocket.open);
  route(router, schema.createEventTicket, [signedIn], tickets.create);
  for (const method of ['get', 'post'] as const)
    router[method](SOCKET_IO, handshake, socketio.admit, socketio.handle);
}
