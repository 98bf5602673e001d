import { ServerResponse, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { InvalidRequest } from '../errors';

/** What a handshake leaves to whoever takes the connection. */
interface Upgrade {
  socket: Socket;
  /** What the client sent already. */
  head: Buffer;
}

const offered = new WeakMap<IncomingMessage, Upgrade>();

/** Header fields that are about the upgrade alone. */
const ABOUT_UPGRADE = new Set(['upgrade', 'http2-settings']);

/**
 * Lets the app answer handshakes of WebSockets like any other request: who asks, from where, how many there are and
 * what is logged is the same middleware. Whoever accepts takes the connection by `takeUpgrade`.
 */
export function passUpgrades(
  server: Server,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): void {
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') {
      ignoreUpgrade(server, request, socket, head);
      return;
    }
    socket.on('error', () => socket.destroy());
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.once('finish', () => socket.end());
    offered.set(request, { socket, head });
    handle(request, response);
  });
}

/**
 * The connection of a handshake; from now on it is the caller's, and nothing else may be answered.
 * @throws `InvalidRequest` for a request that is none
 */
export function takeUpgrade(request: IncomingMessage): Upgrade {
  const upgrade = offered.get(request);
  if (!upgrade) throw new InvalidRequest('This is for the handshake of a WebSocket: Upgrade is missing.');
  offered.delete(request);
  return upgrade;
}

/** Whether the request asks for a WebSocket. */
export function isUpgrade(request: IncomingMessage): boolean {
  return offered.has(request);
}

/**
 * RFC 9110 §7.8: a server may ignore the field. Node takes every request that has it out of its parser, though, once
 * anything listens to upgrades; clients that offer HTTP/2 so get their answer by having it parsed again without.
 */
function ignoreUpgrade(server: Server, request: IncomingMessage, socket: Socket, head: Buffer): void {
  const lines = [`${request.method ?? ''} ${request.url ?? ''} HTTP/${request.httpVersion}`];
  for (let at = 0; at < request.rawHeaders.length; at += 2) {
    const [name = '', value = ''] = request.rawHeaders.slice(at, at + 2);
    const kept = name.toLowerCase() === 'connection' ? withoutUpgrade(value) : value;
    if (!ABOUT_UPGRADE.has(name.toLowerCase()) && kept !== '') lines.push(`${name}: ${kept}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit('connection', socket);
}

function withoutUpgrade(value: string): string {
  return value
    .split(',')
    .map((token) => token.trim())
    .filter((token) => !ABOUT_UPGRADE.has(token.toLowerCase()))
    .join(', ');
}
