import type { z } from 'zod';
import type { UserRecord } from '../models/sql';
import type { adminUser } from '../schemas/admin';

/** A user as an admin sees them. */
export function presentAdminUser(user: UserRecord): z.input<typeof adminUser> {
  const { id, username, displayName, roles, suspendedAt, createdAt } = user;
  return {
    id,
    username,
    displayName,
    roles,
    suspendedAt: suspendedAt?.toISOString() ?? null,
    createdAt: createdAt.toISOString(),
  };
}
