import type { UserRecord } from '../models/sql';
import { newId } from './ids';

/** A user who is about to be made. */
export function newUser(username: string | null, displayName: string, at: Date): UserRecord {
  return {
    id: newId(),
    username,
    displayName,
    avatarFileId: null,
    roles: ['user'],
    epoch: 0,
    suspendedAt: null,
    createdAt: at,
    updatedAt: at,
  };
}
