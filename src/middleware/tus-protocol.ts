import { Busy, DigestMismatch, OffsetMismatch, PreconditionFailed } from '../errors';
import { CHECKSUM_ALGORITHMS } from '../services/http/tus-fields';
import type { Middleware } from './context';

/** Where tus clients find the server. */
export const TUS_DOOR = '/tus/';

const VERSION = '1.0.0';

const EXTENSIONS = [
  'creation',
  'creation-with-upload',
  'creation-defer-length',
  'checksum',
  'expiration',
  'termination',
  'concatenation',
];

/** tus 1.0, checksum: a status of its own. */
class ChecksumMismatch extends DigestMismatch {
  override readonly status = 460;
}

/** Clients of tus wait and try again for 423, where a 409 to HEAD would make them begin anew. */
class Locked extends Busy {
  override readonly status = 423;
}

/**
 * What tus 1.0 asks of every answer: `Tus-Resumable`, 412 for another version, statuses of its own, and OPTIONS without
 * credentials, which tells what the server can.
 * @param maxBytes of a file
 */
export function tusProtocol(maxBytes: number): Middleware {
  return async function tusProtocol(ctx, next) {
    if (!ctx.path.startsWith(TUS_DOOR)) {
      await next();
      return;
    }
    ctx.set('Tus-Resumable', VERSION);
    if (ctx.method === 'OPTIONS') {
      ctx.status = 204;
      ctx.set({
        Allow: ctx.path === TUS_DOOR ? 'POST, OPTIONS' : 'HEAD, PATCH, DELETE, OPTIONS',
        'Tus-Version': VERSION,
        'Tus-Extension': EXTENSIONS.join(','),
        'Tus-Max-Size': String(maxBytes),
        'Tus-Checksum-Algorithm': CHECKSUM_ALGORITHMS,
      });
      return;
    }
    // GET is no method of tus: a person who opens the address learns just that.
    if (ctx.method !== 'GET' && ctx.get('Tus-Resumable') !== VERSION) {
      throw new PreconditionFailed(`Tus-Resumable should be ${VERSION}.`, {
        headers: { 'Tus-Version': VERSION },
      });
    }
    try {
      await next();
    } catch (error) {
      throw asTusSays(error);
    }
  };
}

function asTusSays(error: unknown): unknown {
  if (error instanceof DigestMismatch) return new ChecksumMismatch(error.message, error);
  if (error instanceof OffsetMismatch) error.headers['Upload-Offset'] = String(error.offset);
  if (error instanceof Busy) return new Locked(error.message, error.cause);
  return error;
}
