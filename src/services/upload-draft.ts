import type { UploadRecord, Visibility } from '../models/sql';
import { chooseChunkSize } from './chunk-grid';
import { cleanFileName } from './http/file-names';
import { mediaTypeOf } from './media-type-of';

export interface NewUpload {
  name: string;
  /** Bytes. */
  size: number;
  type?: string | undefined;
  chunkSize?: number | undefined;
  /** Lower-case hexadecimal. */
  sha256?: string | undefined;
  visibility?: Visibility | undefined;
}

/** Bytes of a chunk: where the client asks for no size, and what it may ask for. */
export interface ChunkSizeLimits {
  chunkBytes: number;
  minChunkBytes: number;
  maxChunkBytes: number;
}

/** The upload that a request asks for, as it would be once it is open. */
export function draftUpload(
  ownerId: string,
  id: string,
  input: NewUpload,
  limits: ChunkSizeLimits,
  times: Pick<UploadRecord, 'createdAt' | 'expiresAt'>,
): UploadRecord {
  const name = cleanFileName(input.name);
  return {
    id,
    ownerId,
    name,
    size: input.size,
    type: mediaTypeOf(input.type, name),
    chunkSize: chooseChunkSize(input.size, input.chunkSize, {
      standard: limits.chunkBytes,
      least: limits.minChunkBytes,
      most: limits.maxChunkBytes,
    }),
    visibility: input.visibility ?? 'private',
    declaredSha256: input.sha256 ?? null,
    sealedSha256: null,
    state: 'open',
    fileId: null,
    ...times,
  };
}
