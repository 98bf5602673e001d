import { FerryError, NotFound, OutOfSpace, Unavailable } from '../../../errors';

/** Names of errors that say that nothing is there, or is there any more. */
const MISSING = new Set(['NotFound', 'NoSuchKey', 'NoSuchUpload', 'NoSuchVersion', 'KeyTooLongError']);
/** Codes of various servers for a full disk and for a quota. */
const FULL = new Set([
  'EntityTooLarge',
  'InsufficientStorage',
  'InsufficientStorageSpace',
  'QuotaExceeded',
  'QuotaExceededException',
  'StorageFull',
  'TooMuchData',
  'XMinioAdminBucketQuotaExceeded',
  'XMinioDiskFull',
  'XMinioStorageFull',
]);
const HTTP_NOT_FOUND = 404;
const HTTP_FULL = 507;

/** What the AWS SDK adds to its errors. */
interface ServiceError extends Error {
  $metadata?: { httpStatusCode?: number };
}

/**
 * An error of the AWS SDK as one of the catalogue: `NotFound`, `OutOfSpace`, and for all else, a bucket that is not there
 * and wrong credentials included, `Unavailable`. One of the catalogue is returned as it is.
 */
export function translate(error: unknown): FerryError {
  if (error instanceof FerryError) return error;
  const { name, $metadata } = (error instanceof Error ? error : new Error(String(error))) as ServiceError;
  const status = $metadata?.httpStatusCode;
  if (FULL.has(name) || status === HTTP_FULL)
    return new OutOfSpace('The object storage has no room for these bytes.', { cause: error });
  if (MISSING.has(name) || (status === HTTP_NOT_FOUND && name !== 'NoSuchBucket'))
    return new NotFound('The stored bytes are not there.', { cause: error });
  return new Unavailable('The object storage does not answer.', error);
}
