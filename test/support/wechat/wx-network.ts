import { WebSocket } from 'ws';
import type {
  Wx,
  WxNetworkListener,
  WxRequestOptions,
  WxRequestTask,
  WxSocketOptions,
  WxSocketTask,
} from '../../../src/client/platform/wx-api';

/** Bytes of the pieces in which answers come, in turn: characters of more than one byte are cut. */
const PIECES = [1, 2, 5, 17, 64];

export interface WxNetwork extends Wx {
  onNetworkStatusChange: (listener: WxNetworkListener) => void;
  offNetworkStatusChange: (listener: WxNetworkListener) => void;
  /** The device says that it has a network, or has not. */
  setConnected(isConnected: boolean): void;
}

/** The network of a mini-program, on `ws` and `fetch`. */
export function wxNetwork(): WxNetwork {
  const listeners = new Set<WxNetworkListener>();
  return {
    request: startRequest,
    connectSocket,
    onNetworkStatusChange: (listener) => void listeners.add(listener),
    offNetworkStatusChange: (listener) => void listeners.delete(listener),
    setConnected(isConnected) {
      for (const listener of listeners) listener({ isConnected });
    },
  };
}

function startRequest(options: WxRequestOptions): WxRequestTask {
  const abort = new AbortController();
  const onChunk = new Set<(chunk: { data: ArrayBuffer }) => void>();
  run(options, abort.signal, (data) => {
    for (const listener of onChunk) listener({ data });
  }).catch(() => options.fail({ errMsg: abort.signal.aborted ? 'request:fail abort' : 'request:fail' }));
  return {
    abort: () => abort.abort(),
    onChunkReceived: (listener) => void onChunk.add(listener),
  };
}

async function run(
  { url, method, header, dataType, enableChunked, success }: WxRequestOptions,
  signal: AbortSignal,
  give: (data: ArrayBuffer) => void,
): Promise<void> {
  const response = await fetch(url, { method, headers: header, signal });
  const told = { statusCode: response.status, header: Object.fromEntries(response.headers) };
  if (!enableChunked) {
    const text = await response.text();
    success({ ...told, data: dataType === 'json' ? JSON.parse(text) : text });
    return;
  }
  let turn = 0;
  for await (const bytes of response.body ?? []) {
    let rest = bytes as Uint8Array;
    while (rest.length > 0) {
      const piece = rest.slice(0, PIECES[turn % PIECES.length]);
      turn += 1;
      rest = rest.subarray(piece.length);
      give(piece.buffer);
    }
  }
  success({ ...told, data: '' });
}

function connectSocket({ url, protocols, header }: WxSocketOptions): WxSocketTask {
  const socket = new WebSocket(url, protocols, { headers: header });
  return {
    send({ data, fail }) {
      socket.send(data, (error) => {
        if (error) fail({ errMsg: `sendSocketMessage:fail ${error.message}` });
      });
    },
    close: ({ code, reason }) => socket.close(code, reason),
    onOpen: (listener) => void socket.on('open', () => listener()),
    onMessage: (listener) =>
      void socket.on('message', (data: Buffer, isBinary) =>
        listener({ data: isBinary ? new Uint8Array(data).buffer : data.toString() }),
      ),
    onError: (listener) => void socket.on('error', ({ message }) => listener({ errMsg: message })),
    onClose: (listener) =>
      void socket.on('close', (code, reason) => listener({ code, reason: reason.toString() })),
  };
}
