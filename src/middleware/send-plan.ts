import type { IncomingMessage } from 'node:http';
import { PreconditionFailed, RangeNotSatisfiable } from '../errors';
import { planContent, type ContentPlan, type Representation, type Span } from '../services/http/content-plan';
import type { FieldLines } from '../services/http/fields';
import type { Context } from './context';

/** Content that is open for reading; closing it twice is allowed. */
export interface ContentReader {
  /**
   * The bytes from `start` up to, but not including, `end`. A piece is valid until the next one is asked for.
   * @throws when the content is shorter than `end`
   */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/**
 * What the request's method, `Range` and conditions select (RFC 9110 §13, §14).
 * @param headers the request's, where they are not to be taken as they came
 * @throws `PreconditionFailed`, `RangeNotSatisfiable`
 */
export function planAnswer(
  ctx: Context,
  representation: Representation,
  headers: FieldLines = ctx.req.headersDistinct,
): ContentPlan {
  const plan = planContent({ method: ctx.method, headers, representation });
  if (plan.status === 412) throw new PreconditionFailed('The content is another one.');
  if (plan.status === 416) {
    throw new RangeNotSatisfiable(`The content has ${representation.size} bytes.`, { headers: plan.headers });
  }
  return plan;
}

/** Bytes of a body that the head may wait for, so that both leave in one write. */
const MOST_AT_ONCE = 256 * 1024;

/**
 * Sends the planned bytes straight to the socket, without Koa and never more than the socket takes: a piece is asked
 * for when the socket has taken the one before. Closing the reader is the caller's.
 * @throws when the client has gone or the content is shorter than planned
 */
export async function sendPlan(ctx: Context, plan: ContentPlan, reader: ContentReader): Promise<void> {
  const { req, res } = ctx;
  ctx.status = plan.status;
  ctx.set(plan.headers);
  let left = plan.spans.reduce((sum, span) => sum + lengthOf(span), 0);
  if (left === 0 || left > MOST_AT_ONCE) {
    ctx.respond = false;
    res.flushHeaders();
  }
  const send = (bytes: Uint8Array) => {
    // Until something has left, an error can still become an answer.
    ctx.respond = false;
    left -= bytes.length;
    return unlessGone(req, (done) => (left > 0 ? res.write(bytes, done) : res.end(bytes, done)));
  };
  for (const span of plan.spans) {
    if (span.kind === 'literal') await send(span.bytes);
    else for await (const piece of reader.read(span.start, span.end)) await send(piece);
  }
  if (plan.spans.length === 0) await unlessGone(req, (done) => res.end(done));
}

function lengthOf(span: Span): number {
  return span.kind === 'literal' ? span.bytes.length : span.end - span.start;
}

/**
 * Resolves when what `start` starts is done: bytes have gone to the kernel, so that their buffer may be used again.
 * Whether the client has gone is asked of the request, because a response that waits for its turn in a pipeline has no
 * socket yet and would never hear of it.
 */
function unlessGone(
  req: IncomingMessage,
  start: (done: (error?: Error | null) => void) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = () => reject(new Error('the client closed the connection'));
    if (req.socket.destroyed) {
      onClose();
      return;
    }
    req.once('close', onClose);
    start((error) => {
      req.off('close', onClose);
      if (error) reject(error);
      else resolve();
    });
  });
}
