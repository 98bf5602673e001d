/** An answer of HTTP. */
export interface Answer {
  status: number;
  /** @param name in lower case */
  header: (name: string) => string | null;
  text: string;
}

/** A request that is under way. */
export interface Call {
  /** Rejects when there is no answer. */
  answer: Promise<Answer>;
  cancel: () => void;
}

export interface Outgoing {
  method: 'GET' | 'POST';
  url: string;
  headers: Record<string, string>;
}

/** Who reads an answer while it comes. */
export interface StreamReader {
  /** The next piece of the body of an answer with status 200. */
  text: (piece: string) => void;
  /** The end: a whole answer, whose text is only there when its status is not 200, or null when it broke. */
  end: (answer: Answer | null) => void;
}

/** What this code uses of a WebSocket, in browsers, in Node and over `wx.connectSocket`. */
export interface Socket {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: ((event: never) => void) | null;
  send: (data: string) => void;
  close: (code?: number, reason?: string) => void;
}

export interface NetworkListener {
  online: () => void;
  offline: () => void;
  /** The page or the mini-program is seen again, after its timers may have stood still. */
  visible: () => void;
}

export interface Timers {
  /** Milliseconds. */
  now: () => number;
  /** @returns what takes it back */
  after: (milliseconds: number, run: () => void) => () => void;
}

/** All that events need of where they run. */
export interface Platform {
  /** Of the page; null where `url` has to be given. */
  origin: string | null;
  request: (outgoing: Outgoing) => Call;
  /** @returns what ends it without a word; null where answers only come whole */
  stream: ((outgoing: Outgoing, reader: StreamReader) => () => void) | null;
  /** Null where there are no WebSockets. */
  socket: ((url: string, protocol: string, headers: Record<string, string>) => Socket) | null;
  /** Whether the handshake of a WebSocket can carry an `Authorization` field; a ticket is used otherwise. */
  socketTakesHeaders: boolean;
  /** @returns what ends it */
  watchNetwork: (listener: NetworkListener) => () => void;
  timers: Timers;
  /** At least 0 and less than 1. */
  random: () => number;
}
