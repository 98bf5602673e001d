import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { Server, type Socket } from 'socket.io';
import { CrossSite } from '../errors';
import { visitorOf } from '../middleware/authenticate';
import type { Context, Middleware } from '../middleware/context';
import { connectShape, refreshShape, subscribeShape, unsubscribeShape } from '../schemas/event-frames';
import type { Hub } from '../services/hub';
import type { Connection, Ready } from '../services/hub/connection';
import type { Admission } from '../services/hub/credentials';
import type { Place } from '../services/hub/places';
import type { Tickets } from '../services/tickets';
import { Flusher } from './outbox';
import { checked, problemOf, type Report } from './problems';
import { SocketioPeer, type EngineConnection } from './socketio-peer';
import { joinPackets } from './socketio-packets';
import { isUpgrade, takeUpgrade } from './upgrades';

/** Of one packet of a client, or of one request with several. */
const PACKET_BYTES = 64 * 1024;
/** Calls of one client that are not done. */
const MOST_PENDING = 50;

/** What of Engine.IO's server is used here. */
interface Engine {
  on(name: 'connection', listener: (connection: EngineConnection) => void): void;
  handleRequest(request: IncomingMessage, response: ServerResponse): void;
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

interface SocketioOptions {
  hub: Hub;
  tickets: Pick<Tickets, 'redeem'>;
  /** Who has an access token. @throws `InvalidToken` */
  admit: (accessToken: string) => Promise<Admission>;
  /** Finds out who asks. */
  listener: Middleware;
  report: Report;
}

interface Client {
  peer: SocketioPeer;
  connection: Connection;
}

/** Clients of socket.io, over both of its own transports. */
export function socketioTransport(options: SocketioOptions): {
  /** For the first request of a client; the others name the connection, by an id that nobody else knows. */
  admit: Middleware;
  handle: Middleware;
} {
  const { hub } = options;
  const { io, engine } = createIo();
  const flusher = new Flusher(joinPackets);
  const arrivals = new WeakMap<IncomingMessage, { place: Place; admission: Admission }>();
  const clients = new WeakMap<object, Client>();

  engine.on('connection', (conn) => {
    const arrival = arrivals.get(conn.request);
    if (!arrival) throw new Error('a connection came without having been admitted');
    arrivals.delete(conn.request);
    const peer = new SocketioPeer(conn, flusher, hub.timers);
    clients.set(conn, { peer, connection: hub.connect(arrival.place, arrival.admission, peer) });
    conn.once('close', () => clients.get(conn)?.connection.end('left'));
  });
  io.use((socket, next) => {
    const client = clients.get(socket.conn);
    if (!client) return;
    introduce(socket, client.connection, options).then(
      () => next(),
      (error: unknown) => {
        const problem = problemOf(error, options.report);
        next(Object.assign(new Error(problem.detail), { data: problem }));
      },
    );
  });
  io.on('connection', (socket) => {
    const client = clients.get(socket.conn);
    if (client) serve(socket, client, options.report);
  });

  return {
    async admit(ctx, next) {
      if (ctx.query['sid'] === undefined) await admitVisitor(ctx, options.listener);
      return next();
    },

    handle(ctx) {
      if (ctx.query['sid'] === undefined) {
        const visitor = visitorOf(ctx);
        const place = hub.admit('socketio', visitor);
        arrivals.set(ctx.req, { place, admission: visitor.admission });
        // Where Engine.IO refuses, no connection comes that would give the place back.
        ctx.res.once('close', () => {
          if (arrivals.delete(ctx.req)) place.leave();
        });
      }
      ctx.respond = false;
      if (!isUpgrade(ctx.req)) {
        engine.handleRequest(ctx.req, ctx.res);
        return;
      }
      const { socket, head } = takeUpgrade(ctx.req);
      ctx.status = 101;
      engine.handleUpgrade(ctx.req, socket, head);
    },
  };
}

/**
 * A page of an origin that may call the API brings its token later. The cookie that its browser adds does not count
 * until then, and does not matter.
 */
async function admitVisitor(ctx: Context, listener: Middleware): Promise<void> {
  try {
    await listener(ctx, () => Promise.resolve());
  } catch (error) {
    if (!(error instanceof CrossSite)) throw error;
    ctx.state.admission = { principal: null, until: null };
  }
}

/** Requests reach Engine.IO through the app: the server that it is attached to never listens. */
function createIo(): { io: Server; engine: Engine } {
  const io = new Server(createServer(), {
    serveClient: false,
    cookie: false,
    transports: ['polling', 'websocket'],
    perMessageDeflate: false,
    httpCompression: false,
    maxHttpBufferSize: PACKET_BYTES,
  });
  return { io, engine: io.engine };
}

/** With what a client connects beside what its handshake had. @throws `InvalidToken`, `InvalidRequest` */
async function introduce(
  socket: Socket,
  connection: Connection,
  { admit, tickets }: SocketioOptions,
): Promise<void> {
  const { token, ticket } = checked(connectShape, socket.handshake.auth);
  if (typeof token === 'string') connection.assign(await admit(token));
  else if (typeof ticket === 'string')
    connection.assign({ principal: await tickets.redeem(ticket, 'events'), until: null });
}

type Acknowledge = (answer: object) => void;

/** Answers come after the events that were there before. */
function after(peer: SocketioPeer, acknowledge: Acknowledge): Acknowledge {
  return (answer) => {
    peer.flush();
    acknowledge(answer);
  };
}

function serve(socket: Socket, { peer, connection }: Client, report: Report): void {
  peer.open(socket);
  let pending = 0;

  /** Answers by the acknowledgement if there is one; refusals also come as an event then, never twice. */
  function on(name: string, work: (input: unknown, done: Acknowledge) => Promise<void>): void {
    socket.on(name, (...values: unknown[]) => {
      const last = values.at(-1);
      const answer = typeof last === 'function' ? after(peer, last as Acknowledge) : null;
      pending += 1;
      if (pending > MOST_PENDING) {
        connection.end('flooding');
        return;
      }
      work(values[0], answer ?? (() => undefined))
        .catch((error: unknown) => {
          const problem = problemOf(error, report);
          if (answer) answer({ error: problem });
          else peer.notice(problem);
        })
        .finally(() => {
          pending -= 1;
        });
    });
  }

  on('subscribe', async (input, done) => {
    const { topics, after } = checked(subscribeShape, input);
    await connection.subscribe(topics, after, (ready: Ready) => done(ready));
  });
  on('unsubscribe', async (input, done) => {
    await connection.unsubscribe(checked(unsubscribeShape, input).topics);
    done({});
  });
  on('refresh', async (input, done) => {
    await connection.refresh(checked(refreshShape, input).accessToken);
    done({});
  });
  socket.once('disconnect', (reason) => {
    if (reason === 'client namespace disconnect') peer.leave();
  });
}
