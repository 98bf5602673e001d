import type { Socket } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Handler } from '../controllers/controller';
import { visitorOf } from '../middleware/authenticate';
import { clientFrame, type ClientFrame } from '../schemas/event-frames';
import type * as schema from '../schemas/events';
import type { Hub } from '../services/hub';
import type { Connection, Peer, Ready } from '../services/hub/connection';
import { BEHIND_BYTES, MOST_BYTES } from '../services/hub/consumer';
import type { Ending } from '../services/hub/endings';
import type { Message } from '../services/hub/messages';
import { InvalidRequest } from '../errors';
import { byteFlusher, Outbox, type Flusher } from './outbox';
import { checked, problemOf, type Report } from './problems';
import { takeUpgrade } from './upgrades';
import { closeCodes, frameFormat, textFrame } from './websocket-frames';

const PROTOCOL = 'ferry.v1';
/** Of one frame of a client; a larger one is answered with 1009. */
const FRAME_BYTES = 64 * 1024;
const PING_MS = 20_000;
/** How long a client has to answer the closing of the connection. */
const FAREWELL_MS = 5000;

interface WebsocketOptions {
  hub: Hub;
  report: Report;
}

/** WebSockets, with JSON in text frames. */
export function websocketTransport({ hub, report }: WebsocketOptions): {
  open: Handler<typeof schema.openEventSocket>;
} {
  const flusher = byteFlusher();
  const { timers } = hub;
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: FRAME_BYTES,
    autoPong: false,
    handleProtocols: (offered) => (offered.has(PROTOCOL) ? PROTOCOL : false),
  });

  return {
    open(ctx) {
      const visitor = visitorOf(ctx);
      const { socket, head } = takeUpgrade(ctx.req);
      const place = hub.admit('websocket', visitor);
      socket.once('close', () => place.leave());
      ctx.status = 101;
      ctx.respond = false;
      server.handleUpgrade(ctx.req, socket, head, (websocket) => {
        const peer = new WebsocketPeer(websocket, socket, flusher, () => {
          timers.after(FAREWELL_MS, () => websocket.terminate());
        });
        const connection = hub.connect(place, visitor.admission, peer);
        listen(websocket, connection, peer, report);
        const stop = timers.every(PING_MS, () => {
          if (!peer.beat()) connection.end('dead');
        });
        websocket.once('close', () => {
          stop();
          connection.end('left');
        });
      });
    },
  };
}

function listen(websocket: WebSocket, connection: Connection, peer: WebsocketPeer, report: Report): void {
  // What follows is a close, which tells all there is to know: 1009 for a frame that is too long.
  websocket.on('error', () => undefined);
  websocket.on('pong', () => peer.answered());
  websocket.on('ping', (data) => peer.pong(data));
  let busy = 0;
  websocket.on('message', (data, isBinary) => {
    // Nothing more is read while something is to be done: a client cannot pile up work.
    busy += 1;
    websocket.pause();
    handle(isBinary ? null : String(data as Buffer), connection, peer)
      .catch((error: unknown) => peer.notice(problemOf(error, report)))
      .finally(() => {
        busy -= 1;
        if (busy === 0) websocket.resume();
        if (peer.unsent > MOST_BYTES) connection.end('flooding');
      });
  });
}

/** @throws `InvalidRequest` and whatever the hub throws */
async function handle(text: string | null, connection: Connection, peer: WebsocketPeer): Promise<void> {
  const frame = read(text);
  switch (frame.op) {
    case 'subscribe':
      await connection.subscribe(frame.topics, frame.after, (ready) => peer.ready(ready));
      return;
    case 'unsubscribe':
      await connection.unsubscribe(frame.topics);
      return;
    case 'refresh':
      await connection.refresh(frame.accessToken);
      return;
    case 'ping':
      peer.send({ op: 'pong' });
  }
}

function read(text: string | null): ClientFrame {
  let value: unknown;
  try {
    value = text === null ? undefined : JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (value === undefined) throw new InvalidRequest('A frame should be a JSON text.');
  return checked(clientFrame, value);
}

class WebsocketPeer implements Peer {
  private readonly outbox: Outbox;
  private waitsForPong = false;

  constructor(
    private readonly websocket: WebSocket,
    socket: Socket,
    flusher: Flusher,
    private readonly farewell: () => void,
  ) {
    // Frames that many get are made once, which the library has no call for; they go to the socket as they are. Its own
    // frames, of one write each, do not come between.
    this.outbox = new Outbox(socket, flusher);
  }

  get unsent(): number {
    return this.outbox.unsent;
  }

  send(frame: object): void {
    this.write(textFrame(JSON.stringify(frame)));
  }

  ready(ready: Ready): void {
    this.send({ op: 'ready', ...ready });
  }

  deliver(message: Message): void {
    this.write(message.as(frameFormat));
  }

  lost(next: string): void {
    this.ready({ next, recovered: false });
  }

  notice(problem: { code: string; detail: string }): void {
    this.send({ op: 'error', ...problem });
  }

  whenDrained(resume: () => void): void {
    this.outbox.whenDrained(resume);
  }

  /** Asks whether the client is there. @returns whether it has answered the last time */
  beat(): boolean {
    if (this.waitsForPong) return false;
    this.waitsForPong = true;
    if (this.isOpen) this.websocket.ping();
    return true;
  }

  answered(): void {
    this.waitsForPong = false;
  }

  /** To a client that takes its answers. */
  pong(data: Buffer): void {
    if (this.isOpen && this.unsent < BEHIND_BYTES) this.websocket.pong(data);
  }

  close(ending: Ending): void {
    if (ending === 'dead') this.terminate();
    if (!this.isOpen) return;
    this.outbox.flush();
    this.websocket.close(closeCodes[ending], ending);
    this.farewell();
  }

  terminate(): void {
    this.websocket.terminate();
  }

  private get isOpen(): boolean {
    return this.websocket.readyState === this.websocket.OPEN;
  }

  private write(frame: Buffer): void {
    if (this.isOpen) this.outbox.push(frame);
  }
}
