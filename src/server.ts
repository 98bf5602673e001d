import { createServer, STATUS_CODES, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { App } from './middleware/context';

const HEADERS_MS = 30_000;
const KEEP_ALIVE_MS = 65_000;

/** What a client gets whose request the parser refuses, before there is anything to pass to the app. */
const REFUSALS: Record<string, { status: number; code: string }> = {
  HPE_HEADER_OVERFLOW: { status: 431, code: 'headers_too_large' },
  HPE_INVALID_METHOD: { status: 501, code: 'not_implemented' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, code: 'timeout' },
};

/**
 * An HTTP server for the app. Headers have 30 s to come; bodies have no limit as a whole, because a large one over a
 * slow network takes its time (the app ends those that stand still).
 */
export function createHttpServer(app: App): Server {
  const callback = app.callback();
  const server = createServer(
    {
      requestTimeout: 0,
      headersTimeout: HEADERS_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: 5000,
    },
    (request, response) => void callback(request, response),
  );
  server.on('clientError', refuse);
  return server;
}

function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, code } = REFUSALS[error.code ?? ''] ?? { status: 400, code: 'invalid_request' };
  const title = STATUS_CODES[status] ?? '';
  const body = JSON.stringify({ type: 'about:blank', title, status, detail: title, code });
  socket.end(
    [
      `HTTP/1.1 ${status} ${title}`,
      'Content-Type: application/problem+json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Cache-Control: no-store',
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}
