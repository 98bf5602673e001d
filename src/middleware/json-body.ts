import bodyParser from 'koa-bodyparser';
import { InvalidRequest, UnsupportedMediaType } from '../errors';
import type { Middleware } from './context';
import { bringsBody } from './request-body';

const MOST_LEVELS = 32;

/** Keys that reach an object's prototype when somebody merges them. */
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

/** Reads a JSON body: at most so many bytes (after decompression), 32 levels, no keys that poison prototypes. */
export function jsonBody(mostBytes: number): Middleware {
  const parse = bodyParser({
    enableTypes: ['json'],
    jsonLimit: String(mostBytes),
    strict: false,
    onerror: (error) => {
      throw readable(error);
    },
  }) as unknown as Middleware;
  return async function jsonBody(ctx, next) {
    if (!bringsBody(ctx)) return next();
    if (!ctx.is('application/json')) throw new UnsupportedMediaType('The body should be application/json.');
    return parse(ctx, async () => {
      checkStructure(ctx.request.body, 1);
      await next();
    });
  };
}

/**
 * The client's fault as the client's fault, quoting nothing of the body: what the JSON parser says shows some of it,
 * which may be a password and would be logged. Errors of decompression come without a status.
 */
function readable(error: Error): Error {
  if (error instanceof SyntaxError) return new InvalidRequest('The body is not valid JSON.');
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
