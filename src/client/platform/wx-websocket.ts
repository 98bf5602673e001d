import type { Wx, WxSocketTask } from './wx-api';

export interface WxWebSocketOptions {
  wx: Pick<Wx, 'connectSocket'>;
  /** Of the handshake, such as `Authorization`, which browsers cannot send. */
  headers?: Record<string, string>;
}

/** The code of a connection that broke (RFC 6455 §7.1.5). */
const ABNORMAL = 1006;

/** `wx.connectSocket` in the shape of a browser's `WebSocket`, as far as clients such as that of socket.io use it. */
export class WxWebSocket {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;

  onopen: ((event: object) => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onerror: ((event: { message: string }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  /** Binary messages come as `ArrayBuffer`, whatever is set here. */
  binaryType = 'arraybuffer';
  readonly bufferedAmount = 0;
  readonly url: string;
  private state: number = WxWebSocket.CONNECTING;
  private readonly task: WxSocketTask;

  constructor(url: string, protocols: string | readonly string[] | undefined, options: WxWebSocketOptions) {
    this.url = url;
    const { wx, headers = {} } = options;
    this.task = wx.connectSocket({
      url,
      protocols: typeof protocols === 'string' ? [protocols] : [...(protocols ?? [])],
      header: headers,
      fail: ({ errMsg }) => this.broke(errMsg),
    });
    this.task.onOpen(() => this.opened());
    this.task.onMessage(({ data }) => {
      if (this.state === WxWebSocket.OPEN) this.onmessage?.({ data });
    });
    this.task.onError(({ errMsg }) => this.broke(errMsg));
    this.task.onClose(({ code, reason }) => this.closed(code, reason));
  }

  get readyState(): number {
    return this.state;
  }

  /** @throws before the connection is open, as browsers do */
  send(data: string | ArrayBuffer | ArrayBufferView): void {
    if (this.state === WxWebSocket.CONNECTING) throw new Error('The WebSocket is not open yet.');
    if (this.state !== WxWebSocket.OPEN) return;
    this.task.send({ data: sendable(data), fail: ({ errMsg }) => this.broke(errMsg) });
  }

  close(code = 1000, reason = ''): void {
    if (this.state >= WxWebSocket.CLOSING) return;
    this.state = WxWebSocket.CLOSING;
    this.task.close({ code, reason });
  }

  private opened(): void {
    // A handshake that was given up may be over only now.
    if (this.state === WxWebSocket.CLOSING) this.task.close({ code: 1000 });
    if (this.state !== WxWebSocket.CONNECTING) return;
    this.state = WxWebSocket.OPEN;
    this.onopen?.({});
  }

  /** Not on every device a close follows an error. */
  private broke(message: string): void {
    if (this.state === WxWebSocket.CLOSED) return;
    this.onerror?.({ message });
    // A socket that still lives must not go on unheard.
    if (this.state === WxWebSocket.OPEN) this.task.close({ code: 1000 });
    this.closed(ABNORMAL, message);
  }

  private closed(code: number, reason: string): void {
    if (this.state === WxWebSocket.CLOSED) return;
    this.state = WxWebSocket.CLOSED;
    this.onclose?.({ code, reason });
  }
}

/** Views may show a part of a larger buffer, which is all that `wx` would take. */
function sendable(data: string | ArrayBuffer | ArrayBufferView): string | ArrayBuffer {
  if (!ArrayBuffer.isView(data)) return data;
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice().buffer;
}
