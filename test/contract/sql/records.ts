import { createHash, randomUUID } from 'node:crypto';
import type {
  FileRecord,
  IdempotencyRecord,
  IdentityRecord,
  LinkRecord,
  SignInRecord,
  SqlStore,
  UploadRecord,
  UserRecord,
} from '../../../src/models/sql';

/** An empty database that does not have a schema yet. */
export interface SqlDatabase {
  store: SqlStore;
  /** Another store over the same database, as another process would have it. */
  another: () => Promise<SqlStore>;
  /** Closes the stores that were opened and removes the database. */
  destroy: () => Promise<void>;
}

export const at = (milliseconds: number) => new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 0) + milliseconds);
export const newId = () => randomUUID();
export const newDigest = () => createHash('sha256').update(randomUUID()).digest('hex');

export function aUser(values: Partial<UserRecord> = {}): UserRecord {
  return {
    id: newId(),
    username: null,
    displayName: 'Somebody',
    avatarFileId: null,
    roles: ['user'],
    epoch: 0,
    suspendedAt: null,
    createdAt: at(0),
    updatedAt: at(0),
    ...values,
  };
}

export function anIdentity(userId: string, values: Partial<IdentityRecord> = {}): IdentityRecord {
  return { userId, provider: 'password', subject: newId(), secret: null, linkedAt: at(0), ...values };
}

export function aSignIn(userId: string, values: Partial<SignInRecord> = {}): SignInRecord {
  return {
    id: newId(),
    userId,
    kind: 'tokens',
    currentHash: newDigest(),
    chainKey: null,
    rotations: 0,
    rotatedAt: null,
    userAgent: null,
    createdAt: at(0),
    expiresAt: at(60_000),
    endedAt: null,
    ...values,
  };
}

export function aFile(values: Partial<FileRecord> = {}): FileRecord {
  return {
    id: newId(),
    ownerId: newId(),
    sha256: newDigest(),
    size: 1,
    name: 'a.txt',
    type: 'text/plain',
    visibility: 'private',
    createdAt: at(0),
    updatedAt: at(0),
    ...values,
  };
}

export function anUpload(values: Partial<UploadRecord> = {}): UploadRecord {
  return {
    id: newId(),
    ownerId: newId(),
    name: 'a.bin',
    size: 1000,
    sizeDeferred: false,
    type: 'application/octet-stream',
    chunkSize: 100,
    visibility: 'private',
    declaredSha256: null,
    sealedSha256: null,
    state: 'open',
    completion: 'asked',
    fileId: null,
    clientKey: null,
    clientState: null,
    joinedTo: null,
    joinedPosition: null,
    pieceCount: null,
    createdAt: at(0),
    expiresAt: at(60_000),
    ...values,
  };
}

export function anIdempotency(values: Partial<IdempotencyRecord> = {}): IdempotencyRecord {
  return {
    ownerId: newId(),
    key: newId(),
    fingerprint: newDigest(),
    resourceId: newId(),
    answer: null,
    startedAt: at(0),
    expiresAt: at(60_000),
    ...values,
  };
}

export function aLink(values: Partial<LinkRecord> = {}): LinkRecord {
  return {
    id: newId(),
    tokenHash: newDigest(),
    fileId: newId(),
    ownerId: newId(),
    disposition: null,
    maxDownloads: null,
    downloads: 0,
    createdAt: at(0),
    expiresAt: at(60_000),
    revokedAt: null,
    ...values,
  };
}
