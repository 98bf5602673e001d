import { randomUUID } from 'node:crypto';
import { createServer, STATUS_CODES, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { HeadersTooLarge, InvalidRequest, NotImplemented, Timeout, type FerryError } from './errors';
import type { App } from './middleware/context';
import { passUpgrades } from './transports/upgrades';

const HEADERS_MS = 30_000;
const KEEP_ALIVE_MS = 65_000;
/** How long a client that was refused may keep its end of the connection open. */
const LINGER_MS = 2000;

/** What a client gets whose request the parser refuses, before there is anything to pass to the app. */
const REFUSALS: Record<string, () => FerryError> = {
  HPE_HEADER_OVERFLOW: () => new HeadersTooLarge('The header fields are too large.'),
  HPE_INVALID_METHOD: () => new NotImplemented('That is not a method of this server.'),
  ERR_HTTP_REQUEST_TIMEOUT: () => new Timeout('The request took too long to come.'),
};

/**
 * An HTTP server for the app. Headers have 30 s to come; bodies have no limit as a whole, because a large one over a
 * slow network takes its time (the app ends those that stand still).
 */
export function createHttpServer(app: App): Server {
  const callback = app.callback();
  const unfinished = new WeakMap<Socket, Set<ServerResponse>>();
  const server = createServer(
    {
      requestTimeout: 0,
      headersTimeout: HEADERS_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: 5000,
    },
    (request, response) => {
      note(unfinished, request.socket, response);
      void callback(request, response);
    },
  );
  passUpgrades(server, (request, response) => void callback(request, response));
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const answers = [...(unfinished.get(socket) ?? [])];
    // Only the request that is itself broken may be answered here: beside the answer to another one, this one's text
    // would be taken for a part of its body.
    if (
      error.code === 'ECONNRESET' ||
      !socket.writable ||
      answers.some((one) => one.headersSent || one.req.complete)
    ) {
      socket.destroy();
      return;
    }
    // Without the parser's error as its cause: that has the raw bytes, credentials included, and would be logged.
    const refusal = REFUSALS[error.code ?? '']?.() ?? new InvalidRequest('The request is malformed.');
    const requestId = randomUUID();
    // A body that ends too early is a client that went away, which is no error.
    if (error.code !== 'HPE_INVALID_EOF_STATE') app.emit('error', refusal, { state: { requestId } });
    refuse(socket, refusal, requestId);
  });
  return server;
}

/** Keeps the answer among those of its connection until it has ended. */
function note(
  unfinished: WeakMap<Socket, Set<ServerResponse>>,
  socket: Socket,
  response: ServerResponse,
): void {
  const answers = unfinished.get(socket) ?? new Set();
  unfinished.set(socket, answers.add(response));
  response.once('close', () => answers.delete(response));
}

function refuse(socket: Socket, { status, code, title, message }: FerryError, requestId: string): void {
  socket.setTimeout(LINGER_MS, () => socket.destroy());
  const body = JSON.stringify({ type: 'about:blank', title, status, detail: message, code, requestId });
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
      'Content-Type: application/problem+json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Request-Id: ${requestId}`,
      'Cache-Control: no-store',
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}
