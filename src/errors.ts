/** One failed field of a request: where it is (`size`, `tags.3`) and what it should be. */
export interface FieldError {
  path: string;
  message: string;
}

interface ErrorExtras {
  /** What led to it; logged, never shown. */
  cause?: unknown;
  /** Response headers that belong to the answer, e.g. `Retry-After`. */
  headers?: Record<string, string>;
  /** Members added to the problem document, e.g. `missing`. */
  members?: Record<string, unknown>;
}

/**
 * An answer that is not a success. Services and models throw one of the classes below; the outermost
 * middleware renders it as RFC 9457 problem+json. `code` is stable, `message` is for people.
 */
export abstract class FerryError extends Error {
  abstract readonly status: number;
  abstract readonly code: string;
  abstract readonly title: string;
  readonly headers: Record<string, string>;
  readonly members: Record<string, unknown>;

  constructor(detail: string, extras: ErrorExtras = {}) {
    super(detail, extras.cause === undefined ? undefined : { cause: extras.cause });
    this.name = new.target.name;
    this.headers = extras.headers ?? {};
    this.members = extras.members ?? {};
  }
}

const statuses = new Map<string, number>();

/** Every code of the catalogue with the status that belongs to it. */
export const statusByCode: ReadonlyMap<string, number> = statuses;

/** Enters a code into the catalogue; the class that extends the result is its error. */
function entry(status: number, code: string, title: string) {
  statuses.set(code, status);
  return class extends FerryError {
    readonly status = status;
    readonly code = code;
    readonly title = title;
  };
}

export class InvalidRequest extends entry(400, 'invalid_request', 'The request is not valid') {
  static of(errors: FieldError[]): InvalidRequest {
    const detail = errors.map((error) => `${error.path || 'request'}: ${error.message}`).join('; ');
    return new InvalidRequest(detail, { members: { errors } });
  }
}

export class InvalidGrant extends entry(400, 'invalid_grant', 'The grant is not valid') {}

/** What is said of how long an upload will be cannot all be true. */
export class LengthMismatch extends InvalidRequest {}

export class Unauthenticated extends entry(401, 'unauthenticated', 'Sign-in needed') {
  constructor(detail = 'This needs a signed-in user.') {
    super(detail, { headers: { 'WWW-Authenticate': 'Bearer realm="ferry"' } });
  }
}

export class InvalidCredentials extends entry(401, 'invalid_credentials', 'Wrong user name or password') {
  constructor() {
    super('The user name or the password is wrong.', {
      headers: { 'WWW-Authenticate': 'Bearer realm="ferry"' },
    });
  }
}

export class InvalidToken extends entry(401, 'invalid_token', 'The access token is not valid') {
  /** RFC 6750 §3.1: the challenge says why. */
  constructor(detail = 'The access token is expired, ended or malformed.', cause?: unknown) {
    super(detail, { cause, headers: { 'WWW-Authenticate': 'Bearer realm="ferry", error="invalid_token"' } });
  }
}

export class Forbidden extends entry(403, 'forbidden', 'Not allowed') {}

export class CrossSite extends entry(403, 'cross_site', 'Cross-site request refused') {}

export class NotFound extends entry(404, 'not_found', 'Not found') {
  constructor(detail = 'There is nothing here, or it is not yours.', extras: ErrorExtras = {}) {
    super(detail, extras);
  }
}

export class MethodNotAllowed extends entry(405, 'method_not_allowed', 'Method not allowed') {
  constructor(method: string, allowed: string[]) {
    super(`${method} is not possible here; ${allowed.join(', ')} are.`, {
      headers: { Allow: allowed.join(', ') },
    });
  }
}

export class NotAcceptable extends entry(406, 'not_acceptable', 'Not acceptable') {}

export class Timeout extends entry(408, 'timeout', 'The request took too long') {}

export class Conflict extends entry(409, 'conflict', 'Conflict') {}

/** Another request is at work on the same thing; a moment later this one may succeed. */
export class Busy extends Conflict {
  constructor(detail: string, cause?: unknown) {
    super(detail, { cause, headers: { 'Retry-After': '2' } });
  }
}

/** Bytes were sent for another place than the end of what is there. */
export class OffsetMismatch extends Conflict {
  /** @param offset bytes that are there */
  constructor(readonly offset: number) {
    super(`${offset} bytes are there; go on from there.`, { members: { offset } });
  }
}

export class ChunkConflict extends entry(
  409,
  'chunk_conflict',
  'The chunk is there already, with other bytes',
) {}

export class UploadIncomplete extends entry(409, 'upload_incomplete', 'Chunks are missing') {
  /** @param missing ranges of chunk indices, both ends included */
  constructor(missing: [number, number][]) {
    super('Send the missing chunks, then complete again.', { members: { missing } });
  }
}

export class Gone extends entry(410, 'gone', 'Gone') {}

export class LengthRequired extends entry(411, 'length_required', 'Content-Length needed') {}

export class PreconditionFailed extends entry(412, 'precondition_failed', 'Precondition failed') {}

export class TooLarge extends entry(413, 'too_large', 'Too large') {}

export class QuotaExceeded extends entry(413, 'quota_exceeded', 'Quota exceeded') {}

export class UnsupportedMediaType extends entry(415, 'unsupported_media_type', 'Unsupported media type') {}

export class RangeNotSatisfiable extends entry(416, 'range_not_satisfiable', 'Range not satisfiable') {}

export class Misdirected extends entry(421, 'misdirected', 'Misdirected request') {}

export class DigestMismatch extends entry(422, 'digest_mismatch', 'The bytes do not match their digest') {}

export class IdempotencyMismatch extends entry(
  422,
  'idempotency_mismatch',
  'The key was used for another request',
) {}

export class RateLimited extends entry(429, 'rate_limited', 'Too many requests') {
  constructor(detail: string, retryAfterSeconds: number, headers: Record<string, string> = {}) {
    super(detail, { headers: { 'Retry-After': String(retryAfterSeconds), ...headers } });
  }
}

export class HeadersTooLarge extends entry(431, 'headers_too_large', 'Header fields too large') {}

/** A fault of ours. Its detail is fixed, so that nothing of the cause is shown. */
export class Internal extends entry(500, 'internal', 'Something went wrong on our side') {
  constructor(cause: unknown) {
    super('The request id helps to find the cause in the log.', { cause });
  }
}

export class NotImplemented extends entry(501, 'not_implemented', 'Not implemented') {}

export class UpstreamFailed extends entry(502, 'upstream_failed', 'A service behind this one failed') {}

export class Unavailable extends entry(503, 'unavailable', 'Not available right now') {
  constructor(detail: string, cause?: unknown, retryAfterSeconds = 5) {
    super(detail, { cause, headers: { 'Retry-After': String(retryAfterSeconds) } });
  }
}

export class OutOfSpace extends entry(507, 'out_of_space', 'No space left') {}
