import type { z } from 'zod';
import type { LinkRecord } from '../models/sql';
import type { link } from '../schemas/links';

/** Without its token, which is not kept. */
export function presentLink(record: LinkRecord): z.input<typeof link> {
  const { id, expiresAt, maxDownloads, downloads, disposition, createdAt } = record;
  return {
    id,
    expiresAt: expiresAt.toISOString(),
    maxDownloads,
    downloads,
    disposition,
    createdAt: createdAt.toISOString(),
  };
}
