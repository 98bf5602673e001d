import type { Answer, Call, NetworkListener, Outgoing, Platform, Socket, StreamReader } from './platform';
import { systemTimers } from './timers';

interface Abort {
  signal: unknown;
  abort: () => void;
}

interface FetchResponse {
  status: number;
  headers: { get: (name: string) => string | null };
  text: () => Promise<string>;
  body: { getReader: () => { read: () => Promise<{ done: boolean; value?: unknown }> } } | null;
}

type Fetch = (url: string, options: object) => Promise<FetchResponse>;

interface EventTarget {
  addEventListener?: (type: string, run: () => void) => void;
  removeEventListener?: (type: string, run: () => void) => void;
}

/** What a page, a worker or Node may have; Node has no WebSocket before version 22. */
interface Globals extends EventTarget {
  fetch: Fetch;
  AbortController: new () => Abort;
  TextDecoder: new () => { decode: (bytes?: unknown, options?: { stream: boolean }) => string };
  WebSocket?: SocketClass;
  location?: { origin: string };
  document?: EventTarget & { visibilityState: string };
}

type SocketClass = new (url: string, protocol: string) => Socket;

export interface BrowserOptions {
  /** For Node before version 22: the class of a package such as `ws`. */
  WebSocket?: unknown;
}

/** Browsers, workers and Node, by `fetch` and `WebSocket`. */
export function browserPlatform(options: BrowserOptions = {}): Platform {
  const globals = globalThis as unknown as Globals;
  const SocketOf = (options.WebSocket as SocketClass | undefined) ?? globals.WebSocket;
  const origin = globals.location?.origin;
  return {
    origin: origin?.startsWith('http') ? origin : null,
    request: (outgoing) => request(globals, outgoing),
    stream: (outgoing, reader) => stream(globals, outgoing, reader),
    socket: SocketOf ? (url, protocol) => new SocketOf(url, protocol) : null,
    socketTakesHeaders: false,
    watchNetwork: (listener) => watchNetwork(globals, listener),
    timers: systemTimers,
    random: Math.random,
  };
}

function begin(globals: Globals, { method, url, headers }: Outgoing, abort: Abort): Promise<FetchResponse> {
  return globals.fetch(url, { method, headers, signal: abort.signal, cache: 'no-store' });
}

function answerOf({ status, headers }: FetchResponse, text: string): Answer {
  return { status, header: (name) => headers.get(name), text };
}

function request(globals: Globals, outgoing: Outgoing): Call {
  const abort = new globals.AbortController();
  const answer = begin(globals, outgoing, abort).then(async (response) =>
    answerOf(response, await response.text()),
  );
  return { answer, cancel: () => abort.abort() };
}

function stream(globals: Globals, outgoing: Outgoing, reader: StreamReader): () => void {
  const abort = new globals.AbortController();
  let isOver = false;
  const end = (answer: Answer | null): void => {
    if (isOver) return;
    isOver = true;
    reader.end(answer);
  };
  const run = async (): Promise<void> => {
    const response = await begin(globals, outgoing, abort);
    if (response.status !== 200 || !response.body) {
      end(answerOf(response, await response.text()));
      return;
    }
    const decoder = new globals.TextDecoder();
    const body = response.body.getReader();
    for (let read = await body.read(); !read.done; read = await body.read()) {
      const text = decoder.decode(read.value, { stream: true });
      if (!stopped()) reader.text(text);
    }
    end(answerOf(response, ''));
  };
  const stopped = (): boolean => isOver;
  run().catch(() => end(null));
  return () => {
    isOver = true;
    abort.abort();
  };
}

function watchNetwork(globals: Globals, { online, offline, visible }: NetworkListener): () => void {
  const { document } = globals;
  const seen = (): void => {
    if (document?.visibilityState === 'visible') visible();
  };
  // A page that comes out of the back/forward cache has lost its connections and was told of nothing.
  const own = { online, offline, pageshow: seen };
  for (const [type, run] of Object.entries(own)) globals.addEventListener?.(type, run);
  document?.addEventListener?.('visibilitychange', seen);
  return () => {
    for (const [type, run] of Object.entries(own)) globals.removeEventListener?.(type, run);
    document?.removeEventListener?.('visibilitychange', seen);
  };
}
