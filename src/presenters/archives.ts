import type { z } from 'zod';
import type { newArchive } from '../schemas/archives';
import type { NewArchive } from '../services/archives';

/** @param base of links: the public URL, or nothing for links relative to this server */
export function presentNewArchive(
  { archive, token, size }: NewArchive,
  base: string,
): z.input<typeof newArchive> {
  return { url: `${base}/d/${token}`, size, expiresAt: archive.expiresAt.toISOString() };
}
