import type { ServerResponse } from 'node:http';
import type { Handler } from '../controllers/controller';
import { visitorOf } from '../middleware/authenticate';
import type { Context } from '../middleware/context';
import type * as schema from '../schemas/events';
import type { Hub } from '../services/hub';
import type { Peer, Ready } from '../services/hub/connection';
import { isCursorText } from '../services/hub/cursors';
import { comeBack, type ComeBack, type Ending } from '../services/hub/endings';
import type { Message } from '../services/hub/messages';
import { byteFlusher, Outbox, type Flusher } from './outbox';
import { eventFrame, HEARTBEAT, retryFrame, sseFormat } from './sse-frames';

const HEARTBEAT_MS = 20_000;
/** A stream is ended after ten minutes, give or take one: clients spread over processes anew, and credentials are asked for. */
const ROTATION_MS = 10 * 60_000;
const ROTATION_JITTER_MS = 60_000;
/** How long clients wait before they come back: at least, and by chance so much longer. */
const RETRY_MS: Record<ComeBack, { least: number; more: number }> = {
  now: { least: 100, more: 2900 },
  later: { least: 5000, more: 10_000 },
  never: { least: 5000, more: 10_000 },
};

interface SseOptions {
  hub: Hub;
  /** Between 0 and 1. */
  random?: () => number;
}

/** Server-Sent Events. */
export function sseTransport({ hub, random = Math.random }: SseOptions): {
  stream: Handler<typeof schema.streamEvents>;
} {
  const flusher = byteFlusher();
  const { timers } = hub;

  return {
    async stream(ctx, { query }) {
      const visitor = visitorOf(ctx);
      const place = hub.admit('sse', visitor);
      const peer = new SsePeer(ctx.res, flusher, random);
      const connection = hub.connect(place, visitor.admission, peer);
      const stops: (() => void)[] = [];
      ctx.res.once('close', () => {
        for (const stop of stops) stop();
        connection.end('left');
      });
      try {
        await connection.subscribe(query.topics, startOf(ctx, query.after), (ready) => {
          begin(ctx);
          peer.begin(ready);
        });
      } catch (error) {
        connection.end('left');
        throw error;
      }
      if (ctx.method === 'HEAD') ctx.res.end();
      stops.push(
        timers.every(HEARTBEAT_MS, () => peer.beat()),
        timers.after(ROTATION_MS + (2 * random() - 1) * ROTATION_JITTER_MS, () => connection.end('rotated')),
      );
      if (!connection.alive) for (const stop of stops) stop();
    },
  };
}

/** `Last-Event-ID` is newer than what stands in the URL, which a browser repeats when it comes back. */
function startOf(ctx: Context, after: string | undefined): string | undefined {
  const last = ctx.get('Last-Event-ID');
  if (last === '') return after;
  // A browser can do nothing about it; that something was missed is all it needs to know.
  return isCursorText(last) ? last : '-';
}

/** The head goes out at once, and what comes is written past Koa, which would compress or buffer it. */
function begin(ctx: Context): void {
  ctx.status = 200;
  ctx.set({
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store, no-transform',
    'X-Accel-Buffering': 'no',
  });
  ctx.respond = false;
  // The stream ends with its connection: what many get goes out as it is, without a frame of its own for each of them.
  ctx.res.useChunkedEncodingByDefault = false;
  ctx.res.flushHeaders();
}

class SsePeer implements Peer {
  readonly isOfFixedTopics = true;
  private readonly outbox: Outbox;
  private begun = false;

  constructor(
    private readonly response: ServerResponse,
    flusher: Flusher,
    private readonly random: () => number,
  ) {
    this.outbox = new Outbox(response, flusher);
  }

  get unsent(): number {
    return this.outbox.unsent;
  }

  begin(ready: Ready): void {
    this.begun = true;
    this.outbox.push(this.retry('now'));
    this.ready(ready);
  }

  beat(): void {
    if (this.unsent === 0) this.outbox.push(HEARTBEAT);
  }

  deliver(message: Message): void {
    this.outbox.push(message.as(sseFormat));
  }

  lost(next: string): void {
    this.ready({ next, recovered: false });
  }

  /** Not by the name `error`, which browsers give to events of their own. */
  notice(problem: { code: string; detail: string }): void {
    this.outbox.push(eventFrame({ event: 'problem', data: JSON.stringify(problem) }));
  }

  whenDrained(resume: () => void): void {
    this.outbox.whenDrained(resume);
  }

  close(ending: Ending): void {
    // What has not begun is answered with an error.
    if (!this.begun || this.response.destroyed) return;
    if (ending === 'slow') {
      this.terminate();
      return;
    }
    this.outbox.push(this.retry(comeBack[ending]));
    this.outbox.flush();
    this.response.end();
  }

  terminate(): void {
    if (this.begun) this.response.destroy();
  }

  /** With an id, so that a client that is cut off before the first event comes back to this place. */
  private ready(ready: Ready): void {
    this.outbox.push(eventFrame({ id: ready.next, event: 'ready', data: JSON.stringify(ready) }));
  }

  private retry(when: ComeBack): Buffer {
    const { least, more } = RETRY_MS[when];
    return retryFrame(least + this.random() * more);
  }
}
