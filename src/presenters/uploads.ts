import type { z } from 'zod';
import type { upload } from '../schemas/uploads';
import { chunkCount, receivedBytes, receivedChunks, type IndexRange } from '../services/chunk-grid';
import type { Challenge } from '../services/ownership-proofs';
import type { UploadState } from '../services/uploads';
import { presentFile } from './files';

/** How much has come: all of it once the upload is complete, or joined to another, when extents are not kept. */
export function presentProgress({ upload, extents }: UploadState): {
  received: IndexRange[];
  receivedBytes: number;
} {
  const isWhole = upload.state === 'complete' || upload.joinedTo !== null;
  const whole = isWhole && upload.size > 0 ? [{ start: 0, end: upload.size }] : extents;
  return { received: receivedChunks(upload, whole), receivedBytes: receivedBytes(whole) };
}

/** What the owner may prove, if anything. */
export function presentProof(challenge: Challenge | null) {
  if (!challenge) return {};
  const { nonce, ranges, expiresAt } = challenge;
  return { proof: { nonce, ranges, expiresAt: expiresAt.toISOString() } };
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
    ...(state.upload.sizeDeferred && { sizeDeferred: true as const }),
    ...(state.file && { file: presentFile(state.file, base) }),
  };
}
