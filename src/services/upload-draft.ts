import type { Completion, UploadRecord, Visibility } from '../models/sql';
import { chooseChunkSize } from './chunk-grid';
import { cleanFileName } from './http/file-names';
import { mediaTypeOf } from './media-type-of';

export interface NewUpload {
  name: string;
  /** Bytes; null when the client says it later. */
  size: number | null;
  type?: string | undefined;
  chunkSize?: number | undefined;
  /** Lower-case hexadecimal. */
  sha256?: string | undefined;
  visibility?: Visibility | undefined;
  /** When it becomes a file; once it is asked to unless given. */
  completion?: Completion;
  /** Whether content that its owner has need not be sent again; so unless given. */
  instant?: boolean;
  /** By which a client that knows no ids finds it again: a SHA-256 in hexadecimal. */
  clientKey?: string;
  /** What the protocol of the client keeps with it. */
  clientState?: string;
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
  const size = input.size ?? 0;
  return {
    id,
    ownerId,
    name,
    size,
    sizeDeferred: input.size === null,
    type: mediaTypeOf(input.type, name),
    chunkSize: chooseChunkSize(size, input.chunkSize, {
      standard: limits.chunkBytes,
      least: limits.minChunkBytes,
      most: limits.maxChunkBytes,
    }),
    visibility: input.visibility ?? 'private',
    declaredSha256: input.sha256 ?? null,
    sealedSha256: null,
    state: 'open',
    completion: input.completion ?? 'asked',
    fileId: null,
    clientKey: input.clientKey ?? null,
    clientState: input.clientState ?? null,
    joinedTo: null,
    joinedPosition: null,
    pieceCount: null,
    ...times,
  };
}
