import type { IncomingMessage } from 'node:http';
import type { Socket } from 'socket.io';
import type { Peer } from '../services/hub/connection';
import { comeBack, type Ending } from '../services/hub/endings';
import type { Message } from '../services/hub/messages';
import type { Timers } from '../services/hub/timers';
import type { Flusher } from './outbox';
import { packetFormat, type Packets } from './socketio-packets';

/** How often a client that is behind is looked at: Engine.IO does not tell when everything has left. */
const LOOK_MS = 100;

/** What of a connection of Engine.IO is used here; some of it is not in its types. */
export interface EngineConnection {
  readonly request: IncomingMessage;
  /** Packets that wait for the transport. */
  readonly writeBuffer: readonly { data?: string | Buffer }[];
  readonly transport: {
    readonly name: string;
    /** Of a WebSocket. */
    readonly socket?: { readonly bufferedAmount: number; terminate(): void };
  };
  /** A message, and the frames that it is on a WebSocket. */
  write(data: string, options: { wsPreEncodedFrame: Buffer[] }): void;
  once(name: 'close', listener: () => void): void;
  close(discard?: boolean): void;
}

/** One client of socket.io. */
export class SocketioPeer implements Peer {
  private socket: Socket | null = null;
  /** Came in this turn. */
  private packets: Packets[] = [];

  constructor(
    private readonly conn: EngineConnection,
    private readonly flusher: Flusher<Packets>,
    private readonly timers: Timers,
  ) {}

  /** The client has connected to the namespace: before, there is nothing to tell it. */
  open(socket: Socket): void {
    this.socket = socket;
  }

  /** It has left the namespace, and there is no other one. */
  leave(): void {
    this.socket = null;
    this.conn.close(true);
  }

  get unsent(): number {
    let bytes = this.websocket?.bufferedAmount ?? 0;
    for (const { text } of this.packets) bytes += text.length;
    for (const { data } of this.conn.writeBuffer) bytes += data?.length ?? 0;
    return bytes;
  }

  deliver(message: Message): void {
    if (this.packets.push(message.as(packetFormat)) === 1) this.flusher.add(this);
  }

  /** Sends what came. Whatever else is sent has to come after it. */
  flush(): void {
    if (this.packets.length === 0) return;
    const { text, frames } = this.flusher.join(this.packets);
    this.packets = [];
    if (this.socket) this.conn.write(text, { wsPreEncodedFrame: [frames] });
  }

  lost(next: string): void {
    this.flush();
    this.socket?.emit('ready', { next, recovered: false });
  }

  notice(problem: { code: string; detail: string }): void {
    this.flush();
    this.socket?.emit('error', problem);
  }

  whenDrained(resume: () => void): void {
    const stop = this.timers.every(LOOK_MS, () => {
      if (this.unsent > 0) return;
      stop();
      resume();
    });
    this.conn.once('close', stop);
  }

  /**
   * Clients of socket.io come back by themselves when the connection breaks, after a time of their own, and do not when
   * the server disconnects them.
   */
  close(ending: Ending): void {
    if (ending === 'slow') {
      this.terminate();
      return;
    }
    this.flush();
    this.socket?.emit('closing', { reason: ending, comeBack: comeBack[ending] });
    if (comeBack[ending] === 'never' && this.socket) this.socket.disconnect(true);
    else this.conn.close();
  }

  terminate(): void {
    this.websocket?.terminate();
    this.conn.close(true);
  }

  private get websocket(): EngineConnection['transport']['socket'] {
    return this.conn.transport.name === 'websocket' ? this.conn.transport.socket : undefined;
  }
}
