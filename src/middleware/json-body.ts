import bodyParser from 'koa-bodyparser';
import { InvalidRequest, UnsupportedMediaType } from '../errors';
import type { Middleware } from './context';
import { bringsBody } from './request-body';

const MOST_LEVELS = 32;

/** Keys that reach an object's prototype when somebody merges them. */
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Reads a JSON body: at most so many bytes (after decompression), in UTF-8 (RFC 8259 §8.1), 32 levels, no keys that poison
 * prototypes.
 */
export function jsonBody(mostBytes: number): Middleware {
  const options: bodyParser.Options & { encoding: string } = {
    // A text, so that its bytes are still known: where a JSON parser gets it, broken UTF-8 has become U+FFFD.
    enableTypes: ['text'],
    extendTypes: { text: ['application/json'] },
    encoding: 'binary',
    textLimit: String(mostBytes),
    onerror: (error) => {
      throw readable(error);
    },
  };
  const read = bodyParser(options) as unknown as Middleware;
  return async function jsonBody(ctx, next) {
    if (!bringsBody(ctx)) return next();
    if (!ctx.is('application/json')) throw new UnsupportedMediaType('The body should be application/json.');
    return read(ctx, async () => {
      const bytes = ctx.request.body as string;
      if (bytes !== '') ctx.request.body = parse(decode(Buffer.from(bytes, 'latin1')));
      checkStructure(ctx.request.body, 1);
      await next();
    });
  };
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new InvalidRequest('The body is not valid UTF-8.');
  }
}

/** What the JSON parser says quotes the body, which may have a password in it and would be logged. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidRequest('The body is not valid JSON.');
  }
}

/** The client's fault as the client's fault. Errors of decompression come without a status. */
function readable(error: Error): Error {
  return 'status' in error ? error : new InvalidRequest('The body cannot be decompressed.', { cause: error });
}

/** Depth-first; it stops at the limit, so a hostile depth costs nothing. */
function checkStructure(value: unknown, level: number): void {
  if (typeof value !== 'object' || value === null) return;
  if (level > MOST_LEVELS)
    throw new InvalidRequest(`The body should be nested at most ${MOST_LEVELS} levels deep.`);
  for (const [key, child] of Object.entries(value)) {
    if (FORBIDDEN_KEYS.has(key)) throw InvalidRequest.of([{ path: key, message: 'is not a known field' }]);
    checkStructure(child, level + 1);
  }
}
