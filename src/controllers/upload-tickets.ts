import { signedIn } from '../middleware/authenticate';
import type * as schema from '../schemas/upload-tickets';
import type { Tickets } from '../services/tickets';
import type { Handler } from './controller';

export interface UploadTicketsController {
  create: Handler<typeof schema.createUploadTicket>;
}

export function uploadTicketsController(tickets: Tickets): UploadTicketsController {
  return {
    async create(ctx) {
      const { ticket, expiresAt } = await tickets.issue(signedIn(ctx), 'uploads');
      ctx.status = 201;
      ctx.set('Cache-Control', 'no-store');
      ctx.body = { ticket, expiresAt: expiresAt.toISOString() };
    },
  };
}
