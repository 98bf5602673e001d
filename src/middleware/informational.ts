import type { Context } from './context';

/** By which Node itself sends 100, 102 and 103; it has nothing public for other informational answers. */
interface RawWriter {
  _writeRaw?: (text: string, encoding: BufferEncoding) => boolean;
}

/**
 * Sends an informational answer (RFC 9110 §15.2) before the final one. It waits behind earlier answers of the same
 * connection, and is left out where it is not understood, or comes too late.
 * @param status with its phrase, e.g. `103 Early Hints`
 * @returns whether it was sent
 */
export function sendInformational(ctx: Context, status: string, fields: Record<string, string>): boolean {
  const { req, res } = ctx;
  // RFC 9110 §15.2: not to a client of HTTP/1.0.
  if (req.httpVersion !== '1.1' || res.headersSent || res.writableEnded || req.socket.destroyed) return false;
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  const writer = res as unknown as RawWriter;
  if (!writer._writeRaw) return false;
  writer._writeRaw(`HTTP/1.1 ${status}\r\n${lines.join('')}\r\n`, 'latin1');
  return true;
}
