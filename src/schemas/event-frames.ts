import { z } from 'zod';
import { isCursorText } from '../services/hub/cursors';
import { isTopic } from '../services/hub/topic-access';

const topics = z.array(z.string().refine(isTopic, 'should be a topic')).min(1).max(1000);
const after = z
  .string()
  .refine(isCursorText, 'should be a cursor')
  .nullish()
  .transform((text) => text ?? undefined);
const accessToken = z.string().max(16_384);

/** What clients send, whether as a frame or as the argument of an event of socket.io. */
export const subscribeShape = z.strictObject({ topics, after });
export const unsubscribeShape = z.strictObject({ topics });
export const refreshShape = z.strictObject({ accessToken });

/** A frame of a WebSocket. */
export const clientFrame = z.discriminatedUnion('op', [
  subscribeShape.extend({ op: z.literal('subscribe') }),
  unsubscribeShape.extend({ op: z.literal('unsubscribe') }),
  refreshShape.extend({ op: z.literal('refresh') }),
  z.strictObject({ op: z.literal('ping') }),
]);

export type ClientFrame = z.infer<typeof clientFrame>;

/** With what a client of socket.io connects. */
export const connectShape = z.object({
  token: accessToken.nullish(),
  ticket: z.string().max(1024).nullish(),
});
