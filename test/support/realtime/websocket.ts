import { WebSocket } from 'ws';
import { API } from '../factories';
import type { Ferry } from '../ferry';
import { headersOf, Received, Refused, type Asking, type ReceivedEvent, type RealtimeClient } from './client';

export class WebsocketClient extends Received implements RealtimeClient {
  readonly pongs: object[] = [];

  constructor(readonly socket: WebSocket) {
    super();
    socket.on('message', (data: Buffer) => this.take(JSON.parse(data.toString()) as ServerFrame));
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
