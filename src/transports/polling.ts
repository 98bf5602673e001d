import type { Handler } from '../controllers/controller';
import { visitorOf } from '../middleware/authenticate';
import { clientGone } from '../middleware/client-gone';
import type * as schema from '../schemas/events';
import type { Hub } from '../services/hub';

/** Short and long polls: one request, one answer. */
export function pollingTransport({ hub }: { hub: Hub }): { poll: Handler<typeof schema.pollEvents> } {
  return {
    async poll(ctx, { query }) {
      const { messages, next, recovered } = await hub.poll(visitorOf(ctx), {
        topics: query.topics,
        after: query.after,
        waitMs: query.wait * 1000,
        signal: clientGone(ctx),
      });
      ctx.status = 200;
      // Kept by the client alone, and asked for again each time: with If-None-Match that costs next to nothing.
      ctx.set('Cache-Control', 'private, no-cache');
      if (query.pretty !== undefined) {
        ctx.body = { events: messages.map(({ json }): unknown => JSON.parse(json)), next, recovered };
        return;
      }
      const events = messages.map(({ json }) => json).join(',');
      ctx.body = `{"events":[${events}],"next":${JSON.stringify(next)},"recovered":${recovered}}`;
      ctx.type = 'json';
    },
  };
}
