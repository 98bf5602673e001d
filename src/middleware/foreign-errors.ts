import { MulterError } from 'multer';
import * as errors from '../errors';

/** What stands for each status that another library chose: `ctx.throw`, a body parser, the static files. */
const BY_STATUS: Record<number, new (detail: string, extras: { cause: unknown }) => errors.FerryError> = {
  400: errors.InvalidRequest,
  403: errors.Forbidden,
  404: errors.NotFound,
  406: errors.NotAcceptable,
  408: errors.Timeout,
  409: errors.Conflict,
  410: errors.Gone,
  411: errors.LengthRequired,
  412: errors.PreconditionFailed,
  413: errors.TooLarge,
  415: errors.UnsupportedMediaType,
  416: errors.RangeNotSatisfiable,
  421: errors.Misdirected,
  422: errors.InvalidRequest,
  431: errors.HeadersTooLarge,
  501: errors.NotImplemented,
};

/** Multer's limits; everything else that it refuses is a malformed form. */
const TOO_LARGE = new Set(['LIMIT_FILE_SIZE', 'LIMIT_FIELD_VALUE', 'LIMIT_FIELD_KEY', 'LIMIT_PART_COUNT']);

/** The catalogue's error for one that another library made; null for a fault, which is nobody's answer. */
export function fromForeignError(thrown: unknown): errors.FerryError | null {
  if (!(thrown instanceof Error)) return null;
  if (thrown instanceof MulterError) {
    return TOO_LARGE.has(thrown.code)
      ? new errors.TooLarge(thrown.message, { cause: thrown })
      : new errors.InvalidRequest(thrown.message, { cause: thrown });
  }
  const { status, expose } = thrown as { status?: unknown; expose?: unknown };
  if (status === 401) return new errors.Unauthenticated();
  if (status === 503) return new errors.Unavailable('Try again in a moment.', thrown);
  const Matching = typeof status === 'number' ? BY_STATUS[status] : undefined;
  if (!Matching) return null;
  return new Matching(expose === false ? 'The request could not be read.' : thrown.message, {
    cause: thrown,
  });
}
