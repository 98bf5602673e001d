import type { UploadTicketsController } from '../controllers/upload-tickets';
import type { FerryRouter } from '../middleware/context';
import * as schema from '../schemas/upload-tickets';
import type { Gates } from './gates';
import { route } from './route';

export function uploadTicketRoutes(
  router: FerryRouter,
  gates: Gates,
  uploadTickets: UploadTicketsController,
): void {
  route(router, schema.createUploadTicket, [gates.signedIn], uploadTickets.create);
}
