import { EventSource } from 'eventsource';
import { io, type Socket } from 'socket.io-client';
import { WebSocket } from 'ws';
import { until } from '../contract/until';
import { API } from './factories';
import type { Ferry } from './ferry';

export interface ReceivedEvent {
  id: string;
  topic: string;
  type: string;
  data: unknown;
  time: string;
}

/** How a client asks for events. */
export interface Asking {
  topics: string[];
  after?: string | undefined;
  token?: string;
  ticket?: string;
  /** Of a `Cookie` field. */
  cookie?: string;
  origin?: string;
}

/** What one client has got, whatever its transport. */
export class Received {
  readonly events: ReceivedEvent[] = [];
  readonly ready: { next: string; recovered: boolean }[] = [];
  readonly problems: { code: string; detail: string }[] = [];
  /** How the server ended it: a code, or a word. */
  closed: string | null = null;

  /** The cursor with which the client would come back. */
  get cursor(): string | undefined {
    return this.events.at(-1)?.id ?? this.ready.at(-1)?.next;
  }

  get data(): unknown[] {
    return this.events.map(({ data }) => data);
  }

  async count(events: number): Promise<void> {
    await until(() => this.events.length >= events);
  }
}

export interface RealtimeClient extends Received {
  /** Ends without a word. */
  cut(): void;
}

/** The server did not take the client. */
export class Refused extends Error {
  constructor(
    readonly status: number | null,
    readonly code: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(`refused: ${status ?? ''} ${code}`);
  }
}

export interface TestTransport {
  name: string;
  /** Resolves once events come. @throws Refused */
  connect(ferry: Pick<Ferry, 'url'>, asking: Asking): Promise<RealtimeClient>;
}

function headersOf({ token, cookie, origin }: Asking): Record<string, string> {
  return {
    ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    ...(cookie !== undefined && { Cookie: cookie }),
    ...(origin !== undefined && { Origin: origin }),
  };
}

function queryOf({ topics, after, ticket }: Asking, more: Record<string, string> = {}): string {
  const query = new URLSearchParams({ topics: topics.join(','), ...more });
  if (after !== undefined) query.set('after', after);
  if (ticket !== undefined) query.set('ticket', ticket);
  return query.toString();
}

async function refusalOf(response: Response): Promise<Refused> {
  const { code } = (await response.json()) as { code: string };
  return new Refused(response.status, code, Object.fromEntries(response.headers));
}

/** Asks again and again, as long as it is not cut off or refused. */
class PollingClient extends Received implements RealtimeClient {
  private readonly gone = new AbortController();

  constructor(
    private readonly ferry: Pick<Ferry, 'url'>,
    private readonly asking: Asking,
    private readonly wait: number,
  ) {
    super();
  }

  async begin(): Promise<void> {
    await this.ask(this.asking.after, 0);
    void this.run();
  }

  cut(): void {
    this.gone.abort();
  }

  private async run(): Promise<void> {
    try {
      while (!this.gone.signal.aborted) {
        await this.ask(this.ready.at(-1)?.next, this.wait);
        if (this.wait === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      }
    } catch (error) {
      this.closed ??= this.gone.signal.aborted ? null : error instanceof Refused ? error.code : 'broken';
    }
  }

  private async ask(after: string | undefined, wait: number): Promise<void> {
    const query = queryOf({ ...this.asking, after }, { wait: String(wait) });
    const response = await fetch(`${this.ferry.url}${API}/events?${query}`, {
      headers: headersOf(this.asking),
      signal: this.gone.signal,
    });
    if (response.status !== 200) throw await refusalOf(response);
    const { events, next, recovered } = (await response.json()) as {
      events: ReceivedEvent[];
      next: string;
      recovered: boolean;
    };
    this.events.push(...events);
    this.ready.push({ next, recovered });
  }
}

function polling(name: string, wait: number): TestTransport {
  return {
    name,
    async connect(ferry, asking) {
      const client = new PollingClient(ferry, asking, wait);
      await client.begin();
      return client;
    },
  };
}

class SseClient extends Received implements RealtimeClient {
  constructor(readonly source: EventSource) {
    super();
  }

  cut(): void {
    this.source.close();
  }
}

const TYPES = ['counted', 'session.revoked', 'document.updated', 'document.deleted', 'comment.created'];

const sse: TestTransport = {
  name: 'SSE',
  connect(ferry, asking) {
    return new Promise((resolve, reject) => {
      const source = new EventSource(`${ferry.url}${API}/events/stream?${queryOf(asking)}`, {
        fetch: async (url, init) => {
          const response = await fetch(url, { ...init, headers: { ...init.headers, ...headersOf(asking) } });
          if (response.status !== 200) reject(await refusalOf(response.clone()));
          return response;
        },
      });
      const client = new SseClient(source);
      const parse = (event: MessageEvent): unknown => JSON.parse(event.data as string);
      for (const type of TYPES) {
        source.addEventListener(type, (event) => client.events.push(parse(event) as ReceivedEvent));
      }
      source.addEventListener('problem', (event) =>
        client.problems.push(parse(event) as { code: string; detail: string }),
      );
      source.addEventListener('ready', (event) => {
        client.ready.push(parse(event) as { next: string; recovered: boolean });
        resolve(client);
      });
      // It would come back by itself; the tests say when.
      source.addEventListener('error', () => {
        client.closed ??= 'ended';
        source.close();
      });
    });
  },
};

export class WebsocketClient extends Received implements RealtimeClient {
  readonly pongs: object[] = [];

  constructor(readonly socket: WebSocket) {
    super();
    socket.on('message', (data) => this.take(JSON.parse(String(data as Buffer)) as ServerFrame));
    socket.on('close', (code) => {
      this.closed = String(code);
    });
    socket.on('error', () => undefined);
  }

  send(frame: object | string): void {
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  cut(): void {
    this.socket.terminate();
  }

  private take(frame: ServerFrame): void {
    if (frame.op === 'event') this.events.push(frame.event);
    else if (frame.op === 'ready') this.ready.push({ next: frame.next, recovered: frame.recovered });
    else if (frame.op === 'pong') this.pongs.push(frame);
    else this.problems.push(frame);
  }
}

type ServerFrame =
  | { op: 'event'; event: ReceivedEvent }
  | { op: 'ready'; next: string; recovered: boolean }
  | { op: 'pong' }
  | { op: 'error'; code: string; detail: string };

/** A WebSocket that is open, without topics. @throws Refused */
export async function openWebsocket(
  ferry: Pick<Ferry, 'url'>,
  asking: Omit<Asking, 'topics'>,
): Promise<WebsocketClient> {
  const ticket = asking.ticket === undefined ? '' : `?ticket=${asking.ticket}`;
  const { origin, ...others } = asking;
  const socket = new WebSocket(`${ferry.url.replace('http', 'ws')}${API}/events/ws${ticket}`, 'ferry.v1', {
    headers: headersOf({ topics: [], ...others }),
    ...(origin !== undefined && { origin }),
  });
  const client = new WebsocketClient(socket);
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('unexpected-response', (_request, response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('end', () => {
        const { code } = JSON.parse(Buffer.concat(pieces).toString()) as { code: string };
        reject(new Refused(response.statusCode ?? null, code, response.headers as Record<string, string>));
      });
    });
  });
  return client;
}

const websocket: TestTransport = {
  name: 'WebSocket',
  async connect(ferry, asking) {
    const client = await openWebsocket(ferry, asking);
    client.send({ op: 'subscribe', topics: asking.topics, after: asking.after });
    await until(() => client.ready.length + client.problems.length > 0 || client.closed !== null);
    const [problem] = client.problems;
    if (!problem) return client;
    client.cut();
    throw new Refused(null, problem.code);
  },
};

export class SocketioClient extends Received implements RealtimeClient {
  readonly closings: unknown[] = [];

  constructor(readonly socket: Socket) {
    super();
    socket.on('event', (event: ReceivedEvent) => this.events.push(event));
    socket.on('ready', (ready: { next: string; recovered: boolean }) => this.ready.push(ready));
    socket.on('error', (problem: { code: string; detail: string }) => this.problems.push(problem));
    socket.on('closing', (closing: unknown) => this.closings.push(closing));
    socket.on('disconnect', (reason) => {
      this.closed = reason;
    });
  }

  cut(): void {
    const { engine } = this.socket.io;
    const transport = engine.transport as unknown as { ws?: WebSocket };
    if (transport.ws) transport.ws.terminate();
    this.socket.disconnect();
  }

  async subscribe(topics: string[], after: string | undefined): Promise<void> {
    const answer = (await this.socket.emitWithAck('subscribe', { topics, after })) as
      { next: string; recovered: boolean } | { error: { code: string } };
    if ('error' in answer) {
      this.cut();
      throw new Refused(null, answer.error.code);
    }
    this.ready.push(answer);
  }
}

/** A client of socket.io that is connected, without topics. @throws Refused */
export async function openSocketio(
  ferry: Pick<Ferry, 'url'>,
  asking: Omit<Asking, 'topics'>,
  transports: string[],
): Promise<SocketioClient> {
  const { token, ticket, ...others } = asking;
  const socket = io(ferry.url, {
    transports,
    forceNew: true,
    reconnection: false,
    extraHeaders: headersOf({ topics: [], ...others }),
    ...(token !== undefined && { auth: { token } }),
    ...(ticket !== undefined && { query: { ticket } }),
  });
  const client = new SocketioClient(socket);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', (error: Error & { data?: { code?: string }; context?: unknown }) => {
      socket.disconnect();
      reject(socketioRefusal(error));
    });
  });
  return client;
}

/** A middleware's refusal has data; one of the handshake is an answer of HTTP, or what broke the WebSocket. */
function socketioRefusal(error: Error & { data?: { code?: string }; description?: unknown; context?: unknown }): Refused {
  if (error.data?.code !== undefined) return new Refused(null, error.data.code);
  const { responseText } = (error.context ?? {}) as { responseText?: string };
  if (responseText?.startsWith('{')) {
    const { code, status } = JSON.parse(responseText) as { code: string; status: number };
    return new Refused(status, code);
  }
  const { message = '' } = (error.description as { error?: Error } | undefined)?.error ?? {};
  return new Refused(Number(/\d{3}/.exec(message)?.[0]), 'by status');
}

function socketio(name: string, transports: string[]): TestTransport {
  return {
    name,
    async connect(ferry, asking) {
      const client = await openSocketio(ferry, asking, transports);
      await client.subscribe(asking.topics, asking.after);
      return client;
    },
  };
}

/** The five transports, socket.io over both of its own. */
export const transports: TestTransport[] = [
  polling('short poll', 0),
  polling('long poll', 25),
  sse,
  websocket,
  socketio('socket.io over WebSocket', ['websocket']),
  socketio('socket.io over polling', ['polling']),
];
