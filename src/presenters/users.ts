import type { z } from 'zod';
import { API } from '../schemas/common';
import type { user } from '../schemas/users';
import type { Account } from '../services/accounts';

/** @param base of links: the public URL, or nothing for links relative to this server */
export function presentUser(account: Account, base: string): z.input<typeof user> {
  const { id, username, displayName, avatarFileId, roles, createdAt } = account.user;
  return {
    id,
    username,
    displayName,
    avatarUrl: avatarFileId === null ? null : `${base}${API}/files/${avatarFileId}/content`,
    roles,
    identities: account.identities.map(({ provider, linkedAt }) => ({
      provider,
      linkedAt: linkedAt.toISOString(),
    })),
    createdAt: createdAt.toISOString(),
  };
}
