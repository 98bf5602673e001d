export type Role = 'user' | 'admin';
export type Visibility = 'private' | 'public';
export type Disposition = 'inline' | 'attachment';
export type UploadState = 'open' | 'complete' | 'aborted' | 'expired';
/** When an upload becomes a file: once it is asked to, with its last byte, or never, being for a piece of another. */
export type Completion = 'asked' | 'itself' | 'never';

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
  /** Of the whole, an unsigned number of 32 bits; null while nobody has computed it. */
  crc32: number | null;
}

/** The digests of a content's pieces. */
export interface ManifestRecord {
  /** Of the whole. */
  sha256: string;
  /** Bytes of each piece but the last, which may be shorter. */
  pieceSize: number;
  /** SHA-256 of each piece in hexadecimal. */
  pieces: string[];
}

export interface UploadRecord {
  id: string;
  ownerId: string;
  name: string;
  /** Bytes of the whole; of what has come so far while the length is deferred. */
  size: number;
  /** Nobody has said yet how long the whole will be. */
  sizeDeferred: boolean;
  type: string;
  chunkSize: number;
  visibility: Visibility;
  /** What the client said that the whole is. */
  declaredSha256: string | null;
  /** What the whole was found to be, written before the part becomes a blob. */
  sealedSha256: string | null;
  state: UploadState;
  completion: Completion;
  /** The file that it became. */
  fileId: string | null;
  /** By which a client that knows no ids finds its upload again: a SHA-256 in hexadecimal. */
  clientKey: string | null;
  /** What the protocol of the client that began it keeps with it. */
  clientState: string | null;
  /** The upload whose whole this one is a piece of. */
  joinedTo: string | null;
  /** Which piece of it, counted from 0. */
  joinedPosition: number | null;
  /** Of how many other uploads it is made; null for one to which bytes are sent. */
  pieceCount: number | null;
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

/** A file as it is in an archive. */
export interface ArchiveEntry {
  fileId: string;
  sha256: string;
  /** Bytes. */
  size: number;
  /** Of the content, an unsigned number of 32 bits. */
  crc32: number;
  /** In the archive, where no two are equal. */
  name: string;
  /** Milliseconds since 1970. */
  modifiedAt: number;
}

/** An address by which several files can be read as one archive without credentials. */
export interface ArchiveRecord {
  id: string;
  /** SHA-256 of the token in the address, in hexadecimal. */
  tokenHash: string;
  /** Who made it, and must still be allowed to read its files. */
  ownerId: string;
  /** Of the archive's file. */
  name: string;
  entries: ArchiveEntry[];
  createdAt: Date;
  expiresAt: Date;
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

/**
 * A document's version uses a file. A row is written before the version and goes after the next one with other
 * attachments; so a row alone does not tell that the file is used.
 */
export interface AttachmentRecord {
  fileId: string;
  documentId: string;
  version: number;
  attachedAt: Date;
}
