import type {
  Answer,
  NetworkListener,
  Outgoing,
  Platform,
  StreamReader,
} from '../../src/client/platform/platform';
import { FakeTimers } from './timers';

/** A WebSocket whose other end is the test. */
export class FakeSocket {
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  readonly sent: Record<string, unknown>[] = [];
  isClosed = false;

  constructor(
    readonly url: string,
    readonly headers: Record<string, string>,
  ) {}

  send(data: string): void {
    this.sent.push(JSON.parse(data) as Record<string, unknown>);
  }

  close(): void {
    this.isClosed = true;
  }

  open(): void {
    this.onopen?.({} as never);
  }

  say(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  /** The server or the network ends it. */
  end(code: number, reason = ''): void {
    this.onclose?.({ code, reason });
  }

  get last(): Record<string, unknown> | undefined {
    return this.sent.at(-1);
  }
}

/** A request whose answer the test gives. */
export class FakeRequest {
  isCancelled = false;

  constructor(
    readonly outgoing: Outgoing,
    private readonly settle: { resolve: (answer: Answer) => void; reject: (error: Error) => void },
  ) {}

  get path(): string {
    const { pathname, search } = new URL(this.outgoing.url);
    return decodeURIComponent(pathname.replace('/api/v1', '') + search);
  }

  answer(status: number, body: object, headers: Record<string, string> = {}): void {
    this.settle.resolve({ status, header: (name) => headers[name] ?? null, text: JSON.stringify(body) });
  }

  /** Something else than our server answers. */
  answerText(status: number, text: string): void {
    this.settle.resolve({ status, header: () => null, text });
  }

  fail(): void {
    this.settle.reject(new Error('network'));
  }
}

export class FakeStream {
  isCancelled = false;

  constructor(
    readonly outgoing: Outgoing,
    readonly reader: StreamReader,
  ) {}

  say(event: string, data: object): void {
    this.reader.text(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  end(status: number, body: object = {}): void {
    this.reader.end({ status, header: () => null, text: JSON.stringify(body) });
  }
}

/** A platform on which nothing happens by itself. */
export class FakePlatform implements Platform {
  readonly origin = 'https://ferry.example';
  readonly timers = new FakeTimers();
  readonly sockets: FakeSocket[] = [];
  readonly streams: FakeStream[] = [];
  readonly requests: FakeRequest[] = [];
  socketTakesHeaders = false;
  chance = 0.5;
  network: NetworkListener | null = null;

  random = (): number => this.chance;

  socket = (url: string, _protocol: string, headers: Record<string, string>): FakeSocket => {
    const socket = new FakeSocket(url, headers);
    this.sockets.push(socket);
    return socket;
  };

  stream = (outgoing: Outgoing, reader: StreamReader): (() => void) => {
    const stream = new FakeStream(outgoing, reader);
    this.streams.push(stream);
    return () => {
      stream.isCancelled = true;
    };
  };

  request = (outgoing: Outgoing): { answer: Promise<Answer>; cancel: () => void } => {
    const { promise, ...settle } = deferred();
    const request = new FakeRequest(outgoing, settle);
    this.requests.push(request);
    const cancel = (): void => {
      request.isCancelled = true;
      settle.reject(new Error('cancelled'));
    };
    return { answer: promise, cancel };
  };

  watchNetwork = (listener: NetworkListener): (() => void) => {
    this.network = listener;
    return () => {
      this.network = null;
    };
  };

  get lastSocket(): FakeSocket {
    return this.sockets.at(-1)!;
  }

  get lastStream(): FakeStream {
    return this.streams.at(-1)!;
  }

  get lastRequest(): FakeRequest {
    return this.requests.at(-1)!;
  }
}

function deferred() {
  let resolve: (answer: Answer) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<Answer>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

/** Lets everything happen that waits for nothing. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
