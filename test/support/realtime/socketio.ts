import { io, type Socket } from 'socket.io-client';
import type { WebSocket } from 'ws';
import type { Ferry } from '../ferry';
import { headersOf, Received, Refused, type Asking, type RealtimeClient, type ReceivedEvent } from './client';

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
function socketioRefusal(
  error: Error & { data?: { code?: string }; description?: unknown; context?: unknown },
): Refused {
  if (error.data?.code !== undefined) return new Refused(null, error.data.code);
  const { responseText } = (error.context ?? {}) as { responseText?: string };
  if (responseText?.startsWith('{')) {
    const { code, status } = JSON.parse(responseText) as { code: string; status: number };
    return new Refused(status, code);
  }
  const { message = '' } = (error.description as { error?: Error } | undefined)?.error ?? {};
  return new Refused(Number(/\d{3}/.exec(message)?.[0]), 'by status');
}
