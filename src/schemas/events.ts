import { z } from 'zod';
import { isCursorText } from '../services/hub/cursors';
import { isTopic } from '../services/hub/topic-access';
import { API, noQuery, pretty, queryNumber, time } from './common';
import { endpoint } from './endpoint';

const topic = z
  .string()
  .refine(isTopic, 'should be a topic such as documents or document:01kaq3v9m2t5x8y1z4b7c0d3f6');

const cursor = z.string().refine(isCursorText, 'should be a cursor');

const topicsInQuery = z
  .string()
  .max(100_000)
  .transform((text) => text.split(','))
  .pipe(z.array(topic).min(1).max(1000))
  .meta({
    description:
      'Topics, separated by commas: `user:<id>` (your own), `document:<id>`, `documents` (public ones), `upload:<id>` (your own).',
    override: { type: 'string' },
  });

const afterInQuery = z
  .string()
  .transform((text) => text || undefined)
  .pipe(cursor.optional())
  .optional()
  .meta({
    description: 'The `id` of the last event, or `next`, of the same topics. Without it events begin now.',
    override: { type: 'string' },
  });

const event = z
  .object({
    id: z.string().meta({ description: 'A cursor: come back with it to go on after this event.' }),
    topic: z.string(),
    type: z.string(),
    data: z.unknown(),
    time,
  })
  .meta({ id: 'Event' });

const ticketInQuery = 'With neither header nor cookie, `?ticket=` of POST /events/tickets.';
const topicErrors = ['forbidden', 'not_found', 'cross_site', 'rate_limited', 'unavailable'];

export const pollEvents = endpoint({
  id: 'pollEvents',
  method: 'get',
  path: `${API}/events`,
  tag: 'Events',
  summary: 'Get what came after a cursor, at once or when it comes',
  description: `Ask again with \`after=\` the \`next\` of the answer. \`recovered: false\` says that events were missed: read anew what you show. ${ticketInQuery}`,
  access: 'optional',
  query: z.strictObject({
    pretty,
    topics: topicsInQuery,
    after: afterInQuery,
    wait: queryNumber(0, 25)
      .default(0)
      .meta({
        description: 'Seconds to wait for the first event.',
        override: { type: 'integer', minimum: 0, maximum: 25, default: 0 },
      }),
  }),
  responses: {
    200: {
      description: 'The events, oldest first; none when none came.',
      schema: z.object({ events: z.array(event), next: z.string(), recovered: z.boolean() }),
      headers: { ETag: 'Send it as If-None-Match with the same query.' },
    },
    304: { description: 'Nothing has come.' },
  },
  errors: topicErrors,
});

export const streamEvents = endpoint({
  id: 'streamEvents',
  method: 'get',
  path: `${API}/events/stream`,
  tag: 'Events',
  summary: 'Get events as they come, as Server-Sent Events',
  description: `First an event \`ready\` with \`{next, recovered}\`; then \`event:\` is the type and \`data:\` the whole event. ${ticketInQuery}`,
  access: 'optional',
  query: z.strictObject({ pretty, topics: topicsInQuery, after: afterInQuery }),
  headers: { 'Last-Event-ID': 'As `after`, and before it. Browsers send it by themselves.' },
  responses: { 200: { description: 'The stream.', type: 'text/event-stream' } },
  errors: topicErrors,
});

export const openEventSocket = endpoint({
  id: 'openEventSocket',
  method: 'get',
  path: `${API}/events/ws`,
  tag: 'Events',
  summary: 'Open a WebSocket for events',
  description: `Subprotocol \`ferry.v1\`. Client frames: \`{op: "subscribe", topics, after?}\`, \`{op: "unsubscribe", topics}\`, \`{op: "ping"}\`, \`{op: "refresh", accessToken}\`. Server frames: \`{op: "ready", next, recovered}\`, \`{op: "event", event}\`, \`{op: "pong"}\`, \`{op: "error", code, detail}\`. Close codes: after 4000–4099 do not come back by yourself, after 4100–4199 later, after 4200–4299 at once. ${ticketInQuery}`,
  access: 'optional',
  query: noQuery,
  responses: { 101: { description: 'The WebSocket is open.' } },
  errors: ['cross_site', 'rate_limited', 'unavailable'],
});

export const createEventTicket = endpoint({
  id: 'createEventTicket',
  method: 'post',
  path: `${API}/events/tickets`,
  tag: 'Events',
  summary: 'Get a ticket for a realtime client that can send neither header nor cookie',
  description: 'It opens one connection, as `?ticket=`, within 30 seconds.',
  access: 'signed-in',
  query: noQuery,
  responses: {
    201: { description: 'The ticket.', schema: z.object({ ticket: z.string(), expiresAt: time }) },
  },
  errors: [],
});
