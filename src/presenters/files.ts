import type { z } from 'zod';
import type { FileRecord } from '../models/sql';
import { API } from '../schemas/common';
import type { file } from '../schemas/files';

/** @param base of links: the public URL, or nothing for links relative to this server */
export function presentFile(record: FileRecord, base: string): z.input<typeof file> {
  const { id, name, size, type, sha256, visibility, createdAt, updatedAt } = record;
  return {
    id,
    name,
    size,
    type,
    sha256,
    visibility,
    contentUrl: `${base}${API}/files/${id}/content`,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}
