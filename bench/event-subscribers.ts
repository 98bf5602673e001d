/**
 * A process that holds many clients of events. They look at no more than they have to: events are told by their marks.
 */
import net from 'node:net';
import { MARK, microseconds, stampAt } from './event-stamps';

export type Kind = 'websocket' | 'socketio' | 'sse';

export interface Connecting {
  op: 'connect';
  port: number;
  kind: Kind;
  /** Whether the server is Ferry. */
  isFerry: boolean;
  clients: number;
  /** After which cursor. */
  after?: string;
  /** Resolves once each client has so many events, rather than when all are there. */
  events?: number;
}

/** What the process is asked. It answers with `Subscribed`. */
export type Question = Connecting | { op: 'take'; events: number } | { op: 'leave' };

export interface Subscribed {
  seconds: number;
  /** Events that all clients got since the question before. */
  events: number;
  /** Microseconds from their making, of which so many percent were not longer. */
  p50: number;
  p99: number;
  /** Where a client may go on. */
  cursor: string;
}

const PONG = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);
const WS_PING = Buffer.from([0x89, 0]);
const ENGINE_PING = Buffer.from([0x81, 1, 0x32]);
/** So many connect at the same time: more than the kernel keeps for a server would be measuring its retries. */
const AT_ONCE = 1000;

let clients: Client[] = [];
let events = 0;
let delays: number[] = [];
let cursor = '';

/** A text frame of a client, whose mask changes nothing. */
function frame(text: string): Buffer {
  const bytes = Buffer.from(text);
  const head =
    bytes.length < 126 ? [0x81, 0x80 | bytes.length] : [0x81, 0xfe, bytes.length >> 8, bytes.length & 0xff];
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), bytes]);
}

/** What is asked for, and then said each time that the server has said the first of each pair. */
function script({ kind, isFerry, after }: Connecting): { target: string; steps: [string, Buffer][] } {
  const subscribe = JSON.stringify({ op: 'subscribe', topics: ['documents'], after });
  switch (kind) {
    case 'sse':
      return {
        target: isFerry
          ? `/api/v1/events/stream?topics=documents${after === undefined ? '' : `&after=${after}`}`
          : '/',
        steps: [['event: ready', Buffer.alloc(0)]],
      };
    case 'websocket':
      if (!isFerry) return { target: '/', steps: [['\r\n\r\n', Buffer.alloc(0)]] };
      return {
        target: '/api/v1/events/ws',
        steps: [
          ['\r\n\r\n', frame(subscribe)],
          ['"op":"ready"', Buffer.alloc(0)],
        ],
      };
    case 'socketio': {
      const topics = JSON.stringify({ topics: ['documents'], after });
      return {
        target: '/socket.io/?EIO=4&transport=websocket',
        steps: [
          ['0{"sid"', frame('40')],
          ['40{"sid"', frame(`420["subscribe",${topics}]`)],
          ['430[', Buffer.alloc(0)],
        ],
      };
    }
  }
}

class Client {
  events = 0;
  isWhole = false;
  private readonly socket: net.Socket;
  private step = 0;
  private begun = '';

  constructor(
    { port, kind }: Connecting,
    from: string,
    private readonly script: { target: string; steps: [string, Buffer][] },
    private readonly isReady: () => void,
    private readonly got: (client: Client) => void,
  ) {
    const handshake =
      kind === 'sse'
        ? ''
        : 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: ferry.v1\r\n';
    this.socket = net.connect({ port, host: '127.0.0.1', localAddress: from });
    this.socket.setNoDelay(true);
    this.socket.write(`GET ${script.target} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${handshake}\r\n`);
    this.socket.on('data', (bytes) => this.take(bytes));
    this.socket.on('error', (error) => {
      throw error;
    });
    this.socket.on('end', () => {
      throw new Error(`a client was sent away: ${this.begun.slice(-500)}`);
    });
  }

  leave(): void {
    this.socket.removeAllListeners('end');
    this.socket.removeAllListeners('error').on('error', () => undefined);
    this.socket.destroy();
  }

  private take(bytes: Buffer): void {
    if (this.step < this.script.steps.length) this.goOn(bytes);
    else this.answerPing(bytes);
    const now = microseconds();
    for (let mark = bytes.indexOf(MARK); mark >= 0; mark = bytes.indexOf(MARK, mark + 1)) {
      const stamp = stampAt(bytes, mark);
      if (stamp !== null) delays.push(now - stamp);
      events += 1;
      this.events += 1;
    }
    this.got(this);
  }

  private goOn(bytes: Buffer): void {
    this.begun += bytes.toString('latin1');
    for (;;) {
      const [expected, answer] = this.script.steps[this.step] ?? [];
      if (expected === undefined || answer === undefined || !this.begun.includes(expected)) return;
      this.step += 1;
      if (answer.length > 0) this.socket.write(answer);
      if (this.step < this.script.steps.length) continue;
      cursor = /"next":"([^"]+)"/.exec(this.begun)?.[1] ?? '';
      this.begun = '';
      this.isReady();
    }
  }

  private answerPing(bytes: Buffer): void {
    if (bytes.includes(WS_PING)) this.socket.write(PONG);
    if (bytes.includes(ENGINE_PING)) this.socket.write(frame('3'));
  }
}

/** Many at once, from as many addresses as they need ports. */
async function connect(asked: Connecting): Promise<void> {
  const steps = script(asked);
  let ready = 0;
  let whole = 0;
  await new Promise<void>((resolve) => {
    const open = () => {
      const { length } = clients;
      if (length >= asked.clients) return;
      const client = new Client(
        asked,
        `127.0.0.${2 + Math.floor(length / 5000)}`,
        steps,
        () => {
          ready += 1;
          if (asked.events === undefined && ready === asked.clients) resolve();
          open();
        },
        (one) => {
          if (asked.events === undefined || one.events < asked.events || one.isWhole) return;
          one.isWhole = true;
          whole += 1;
          if (whole === asked.clients) resolve();
        },
      );
      clients.push(client);
    };
    for (let each = 0; each < AT_ONCE; each += 1) open();
  });
}

async function answer(question: Question): Promise<Subscribed> {
  const begun = performance.now();
  if (question.op === 'connect') await connect(question);
  else if (question.op === 'take') {
    while (events < question.events) await new Promise((resolve) => setTimeout(resolve, 5));
  } else {
    for (const client of clients) client.leave();
    clients = [];
  }
  delays.sort((left, right) => left - right);
  const answered = {
    seconds: (performance.now() - begun) / 1000,
    events,
    p50: delays[Math.floor(delays.length / 2)] ?? NaN,
    p99: delays[Math.floor(delays.length * 0.99)] ?? NaN,
    cursor,
  };
  events = 0;
  delays = [];
  return answered;
}

process.on('message', (question: Question) => {
  void answer(question).then((it) => process.send?.(it));
});
