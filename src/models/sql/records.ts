export type Role = 'user' | 'admin';
export type Visibility = 'private' | 'public';
export type Disposition = 'inline' | 'attachment';
export type UploadState = 'open' | 'complete' | 'aborted' | 'expired';

export interface UserRecord {
  id: string;
  username: string | null;
  displayName: string;
  avatarFileId: string | null;
  roles: Role[];
  /** Raised to end every access token of the user at once. */
  epoch: number;
  /** Since when the user may not sign in; null for one who may. */
  suspendedAt: Date | null;
  createdAt: Date;
  updatedAt: Date;
}

/** A way to sign in: (provider, subject) is unique. */
export interface IdentityRecord {
  userId: string;
  /** `password`, `wechat:<appid>`, `wechat-union` or `phone`. */
  provider: string;
  /** The folded user name, the openid, the unionid, or the number as E.164 has it. */
  subject: string;
  /** The password's hash; null for other providers. */
  secret: string | null;
  linkedAt: Date;
}

/** One sign-in: of a program by a chain of refresh tokens, or of a browser by a session. */
export interface SignInRecord {
  id: string;
  userId: string;
  kind: 'tokens' | 'browser';
  /** SHA-256 of the refresh token that is good now, in hexadecimal; null for a browser. */
  currentHash: string | null;
  /** Names the key by which its refresh tokens are derived from each other; null while there is none. */
  chainKey: string | null;
  /** How many refresh tokens by that key came before it. */
  rotations: number;
  rotatedAt: Date | null;
  userAgent: string | null;
  createdAt: Date;
  expiresAt: Date;
  endedAt: Date | null;
}

export interface FileRecord {
  id: string;
  ownerId: string;
  sha256: string;
  /** Bytes. */
  size: number;
  name: string;
  /** Media type. */
  type: string;
  visibility: Visibility;
  createdAt: Date;
  updatedAt: Date;
}

export interface BlobRecord {
  sha256: string;
  size: number;
  /** Files that use it. */
  references: number;
  /** Since when nothing has used it; null while something does. */
  releasedAt: Date | null;
}

export interface UploadRecord {
  id: string;
  ownerId: string;
  name: string;
  size: number;
  type: string;
  chunkSize: number;
  visibility: Visibility;
  /** What the client said that the whole is. */
  declaredSha256: string | null;
  /** What the whole was found to be, written before the part becomes a blob. */
  sealedSha256: string | null;
  state: UploadState;
  /** The file that it became. */
  fileId: string | null;
  createdAt: Date;
  expiresAt: Date;
}

/** An address by which a file can be read without credentials. */
export interface LinkRecord {
  id: string;
  /** SHA-256 of the token in the address, in hexadecimal. */
  tokenHash: string;
  fileId: string;
  /** The owner of the file, who made the link. */
  ownerId: string;
  /** How a browser should treat the content; null leaves that to its type. */
  disposition: Disposition | null;
  /** Null for any number. */
  maxDownloads: number | null;
  downloads: number;
  createdAt: Date;
  expiresAt: Date;
  revokedAt: Date | null;
}

/** Received bytes [start, end). */
export interface Extent {
  start: number;
  end: number;
}

/** The answer to a request, kept to be given again. */
export interface StoredAnswer {
  status: number;
  headers: Record<string, string>;
  body: unknown;
}

export interface IdempotencyRecord {
  ownerId: string;
  key: string;
  /** Digest of the request. */
  fingerprint: string;
  /** The id that the resource has, or will have. */
  resourceId: string;
  /** Null while the first request is still at work, or died. */
  answer: StoredAnswer | null;
  startedAt: Date;
  expiresAt: Date;
}
