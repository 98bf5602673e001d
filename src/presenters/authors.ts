import type { z } from 'zod';
import { API } from '../schemas/common';
import type { author } from '../schemas/documents';
import type { Authors } from '../services/authors';

/** @param base of links: the public URL, or nothing for links relative to this server */
export function presentAuthor(id: string, authors: Authors, base: string): z.input<typeof author> {
  const user = authors.get(id);
  const avatarFileId = user?.avatarFileId ?? null;
  return {
    id,
    displayName: user?.displayName ?? '',
    avatarUrl: avatarFileId === null ? null : `${base}${API}/files/${avatarFileId}/content`,
  };
}
