import { signedIn } from '../middleware/authenticate';
import type * as schema from '../schemas/events';
import type { Tickets } from '../services/tickets';
import type { Handler } from './controller';

export interface EventTicketsController {
  create: Handler<typeof schema.createEventTicket>;
}

export function eventTicketsController(tickets: Tickets): EventTicketsController {
  return {
    async create(ctx) {
      const { ticket, expiresAt } = await tickets.issue(signedIn(ctx), 'events');
      ctx.status = 201;
      ctx.set('Cache-Control', 'no-store');
      ctx.body = { ticket, expiresAt: expiresAt.toISOString() };
    },
  };
}
