import { InvalidRequest, LengthMismatch, OffsetMismatch } from '../errors';

const TYPES = 'https://iana.org/assignments/http-problem-types#';

/** Nothing can be added to the upload any more. */
export function completedUpload(): InvalidRequest {
  return new InvalidRequest('The upload is complete.', { members: { type: `${TYPES}completed-upload` } });
}

/**
 * Gives an error the problem type that the draft has for it.
 * @param provided the offset of the request
 */
export function asDraftSays(error: unknown, provided: number): unknown {
  if (error instanceof OffsetMismatch) {
    error.headers['Upload-Offset'] = String(error.offset);
    Object.assign(error.members, {
      type: `${TYPES}mismatching-upload-offset`,
      'expected-offset': error.offset,
      'provided-offset': provided,
    });
  }
  if (error instanceof LengthMismatch) error.members['type'] = `${TYPES}inconsistent-upload-length`;
  return error;
}
