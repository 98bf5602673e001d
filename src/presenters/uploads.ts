import type { z } from 'zod';
import type { upload } from '../schemas/uploads';
import { chunkCount, receivedBytes, receivedChunks, type IndexRange } from '../services/chunk-grid';
import type { UploadState } from '../services/uploads';
import { presentFile } from './files';

/** How much has come: all of it once the upload is complete, whose extents are not kept. */
export function presentProgress({ upload, extents }: UploadState): {
  received: IndexRange[];
  receivedBytes: number;
} {
  const whole = upload.state === 'complete' && upload.size > 0 ? [{ start: 0, end: upload.size }] : extents;
  return { received: receivedChunks(upload, whole), receivedBytes: receivedBytes(whole) };
}

/** @param base of links: the public URL, or nothing for links relative to this server */
export function presentUpload(state: UploadState, base: string): z.input<typeof upload> {
  const { id, name, size, type, chunkSize, expiresAt } = state.upload;
  return {
    id,
    name,
    size,
    type,
    chunkSize,
    chunkCount: chunkCount(state.upload),
    ...presentProgress(state),
    state: state.upload.state,
    expiresAt: expiresAt.toISOString(),
    ...(state.file && { file: presentFile(state.file, base) }),
  };
}
