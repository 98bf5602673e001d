import type { z } from 'zod';
import type { FileRecord, ManifestRecord } from '../models/sql';
import type { manifest } from '../schemas/files';

/** @param etag of the file's content */
export function presentManifest(
  { size }: FileRecord,
  etag: string,
  { pieceSize, pieces }: ManifestRecord,
): z.input<typeof manifest> {
  return { size, etag, pieceSize, pieces };
}
