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

export class InvalidRequest extends FerryError {
  readonly status = 400;
  readonly code = 'invalid_request';
  readonly title = 'The request is not valid';

  static of(errors: FieldError[]): InvalidRequest {
    const detail = errors.map((error) => `${error.path || 'request'}: ${error.message}`).join('; ');
    return new InvalidRequest(detail, { members: { errors } });
  }
}

export class InvalidGrant extends FerryError {
  readonly status = 400;
  readonly code = 'invalid_grant';
  readonly title = 'The grant is not valid';
}

export class Unauthenticated extends FerryError {
  readonly status = 401;
  readonly code = 'unauthenticated';
  readonly title = 'Sign-in needed';

  constructor(detail = 'This needs a signed-in user.') {
    super(detail, { headers: { 'WWW-Authenticate': 'Bearer realm="ferry"' } });
  }
}

export class InvalidCredentials extends FerryError {
  readonly status = 401;
  readonly code = 'invalid_credentials';
  readonly title = 'Wrong user name or password';

  constructor(detail = 'The user name or the password is wrong.') {
    super(detail, { headers: { 'WWW-Authenticate': 'Bearer realm="ferry"' } });
  }
}

export class InvalidToken extends FerryError {
  readonly status = 401;
  readonly code = 'invalid_token';
  readonly title = 'The access token is not valid';

  /** RFC 6750 §3.1: the reason goes into the challenge too. */
  constructor(detail = 'The access token is expired, ended or malformed.', cause?: unknown) {
    super(detail, {
      cause,
      headers: { 'WWW-Authenticate': 'Bearer realm="ferry", error="invalid_token"' },
    });
  }
}

export class Forbidden extends FerryError {
  readonly status = 403;
  readonly code = 'forbidden';
  readonly title = 'Not allowed';
}

export class CrossSite extends FerryError {
  readonly status = 403;
  readonly code = 'cross_site';
  readonly title = 'Cross-site request refused';
}

export class NotFound extends FerryError {
  readonly status = 404;
  readonly code = 'not_found';
  readonly title = 'Not found';

  constructor(detail = 'There is nothing here, or it is not yours.', extras: ErrorExtras = {}) {
    super(detail, extras);
  }
}

export class MethodNotAllowed extends FerryError {
  readonly status = 405;
  readonly code = 'method_not_allowed';
  readonly title = 'Method not allowed';

  constructor(method: string, allowed: string[]) {
    super(`${method} is not possible here; ${allowed.join(', ')} are.`, { headers: { Allow: allowed.join(', ') } });
  }
}

export class NotAcceptable extends FerryError {
  readonly status = 406;
  readonly code = 'not_acceptable';
  readonly title = 'Not acceptable';
}

export class Timeout extends FerryError {
  readonly status = 408;
  readonly code = 'timeout';
  readonly title = 'The request took too long';
}

export class Conflict extends FerryError {
  readonly status = 409;
  readonly code = 'conflict';
  readonly title = 'Conflict';
}

export class ChunkConflict extends FerryError {
  readonly status = 409;
  readonly code = 'chunk_conflict';
  readonly title = 'The chunk is there already, with other bytes';
}

export class UploadIncomplete extends FerryError {
  readonly status = 409;
  readonly code = 'upload_incomplete';
  readonly title = 'Chunks are missing';

  /** @param missing ranges of chunk indices, both ends included */
  constructor(missing: [number, number][]) {
    super('Send the missing chunks, then complete again.', { members: { missing } });
  }
}

export class Gone extends FerryError {
  readonly status = 410;
  readonly code = 'gone';
  readonly title = 'Gone';
}

export class LengthRequired extends FerryError {
  readonly status = 411;
  readonly code = 'length_required';
  readonly title = 'Content-Length needed';
}

export class PreconditionFailed extends FerryError {
  readonly status = 412;
  readonly code = 'precondition_failed';
  readonly title = 'Precondition failed';
}

export class TooLarge extends FerryError {
  readonly status = 413;
  readonly code = 'too_large';
  readonly title = 'Too large';
}

export class QuotaExceeded extends FerryError {
  readonly status = 413;
  readonly code = 'quota_exceeded';
  readonly title = 'Quota exceeded';
}

export class UnsupportedMediaType extends FerryError {
  readonly status = 415;
  readonly code = 'unsupported_media_type';
  readonly title = 'Unsupported media type';
}

export class RangeNotSatisfiable extends FerryError {
  readonly status = 416;
  readonly code = 'range_not_satisfiable';
  readonly title = 'Range not satisfiable';
}

export class Misdirected extends FerryError {
  readonly status = 421;
  readonly code = 'misdirected';
  readonly title = 'Misdirected request';
}

export class DigestMismatch extends FerryError {
  readonly status = 422;
  readonly code = 'digest_mismatch';
  readonly title = 'The bytes do not match their digest';
}

export class IdempotencyMismatch extends FerryError {
  readonly status = 422;
  readonly code = 'idempotency_mismatch';
  readonly title = 'The idempotency key was used for another request';
}

export class RateLimited extends FerryError {
  readonly status = 429;
  readonly code = 'rate_limited';
  readonly title = 'Too many requests';

  constructor(detail: string, retryAfterSeconds: number, headers: Record<string, string> = {}) {
    super(detail, { headers: { 'Retry-After': String(retryAfterSeconds), ...headers } });
  }
}

export class HeadersTooLarge extends FerryError {
  readonly status = 431;
  readonly code = 'headers_too_large';
  readonly title = 'Header fields too large';
}

/** A fault of ours. `detail` is fixed, so that nothing of the cause is shown. */
export class Internal extends FerryError {
  readonly status = 500;
  readonly code = 'internal';
  readonly title = 'Something went wrong on our side';

  constructor(cause: unknown) {
    super('The request id helps to find the cause in the log.', { cause });
  }
}

export class NotImplemented extends FerryError {
  readonly status = 501;
  readonly code = 'not_implemented';
  readonly title = 'Not implemented';
}

export class UpstreamFailed extends FerryError {
  readonly status = 502;
  readonly code = 'upstream_failed';
  readonly title = 'A service behind this one failed';
}

export class Unavailable extends FerryError {
  readonly status = 503;
  readonly code = 'unavailable';
  readonly title = 'Not available right now';

  constructor(detail: string, cause?: unknown, retryAfterSeconds = 5) {
    super(detail, { cause, headers: { 'Retry-After': String(retryAfterSeconds) } });
  }
}

export class OutOfSpace extends FerryError {
  readonly status = 507;
  readonly code = 'out_of_space';
  readonly title = 'No space left';
}
