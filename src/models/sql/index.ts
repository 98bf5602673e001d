import type { Store } from '../store';
import type {
  UserRecord,
  IdentityRecord,
  SignInRecord,
  FileRecord,
  BlobRecord,
  UploadRecord,
  LinkRecord,
  ArchiveRecord,
  ManifestRecord,
  AttachmentRecord,
  Extent,
  StoredAnswer,
  IdempotencyRecord,
} from './records';

export type * from './records';

/** A page of a list, newest first. Ids ascend with time, so that a cursor is the last id seen. */
export interface Page {
  limit: number;
  before: string | null;
}

export interface Users {
  insert(user: UserRecord): Promise<void>;
  find(id: string): Promise<UserRecord | null>;
  /** Those that there are, in any order. */
  findMany(ids: string[]): Promise<UserRecord[]>;
  /**
   * Holds the user's row until the transaction ends, so that what is then read of the user's things, and decided by
   * it, does not change meanwhile: one transaction that holds a user waits for the other.
   * @returns whether the user exists
   */
  hold(id: string): Promise<boolean>;
  /** `q` is a literal part of the name or the display name, in any case. */
  list(page: Page & { q?: string }): Promise<UserRecord[]>;
  /** @returns whether the user exists */
  update(
    id: string,
    patch: Partial<Pick<UserRecord, 'displayName' | 'avatarFileId' | 'roles' | 'epoch' | 'suspendedAt'>>,
  ): Promise<boolean>;
}

export interface Identities {
  /** @throws `Conflict` when (provider, subject) is taken */
  insert(identity: IdentityRecord): Promise<void>;
  find(provider: string, subject: string): Promise<IdentityRecord | null>;
  /** @returns whether the identity existed */
  delete(provider: string, subject: string): Promise<boolean>;
  /** Oldest first. */
  listOf(userId: string): Promise<IdentityRecord[]>;
  /** @returns whether the identity exists */
  setSecret(provider: string, subject: string, secret: string): Promise<boolean>;
}

/** A step in the chain of refresh tokens, by their hashes. */
export interface Rotation {
  from: string;
  to: string;
  /** By which `to` was derived from `from`. */
  chainKey: string;
  /** How many there are with this one. */
  rotations: number;
  at: Date;
  expiresAt: Date;
}

export interface SignIns {
  insert(signIn: SignInRecord): Promise<void>;
  find(id: string): Promise<SignInRecord | null>;
  /** Those that there are, in any order. */
  findMany(ids: string[]): Promise<SignInRecord[]>;
  /** Those of a user that have neither ended nor expired, newest first. */
  listAlive(userId: string, at: Date): Promise<SignInRecord[]>;
  /** Compare-and-set of the current token of a sign-in that has not ended. @returns whether `from` was current */
  rotate(id: string, rotation: Rotation): Promise<boolean>;
  /** @returns whether it had not ended */
  prolong(id: string, expiresAt: Date): Promise<boolean>;
  /** @returns whether it had not ended */
  end(id: string, at: Date): Promise<boolean>;
  /** Removes those that ended or expired before. @returns how many */
  deleteDead(before: Date): Promise<number>;
}

export interface Files {
  insert(file: FileRecord): Promise<void>;
  find(id: string): Promise<FileRecord | null>;
  /** Those that there are, in any order. */
  findMany(ids: string[]): Promise<FileRecord[]>;
  /** How many of these different files the user may read: their own, and public ones. */
  countReadable(ids: string[], userId: string): Promise<number>;
  /** `q` is a literal part of the name, in any case. */
  listOf(ownerId: string, page: Page & { q?: string }): Promise<FileRecord[]>;
  update(id: string, patch: Partial<Pick<FileRecord, 'name' | 'visibility'>>, at: Date): Promise<boolean>;
  delete(id: string): Promise<boolean>;
  /** A file of that content which the user may read: their own, or a public one. */
  findReadable(sha256: string, userId: string): Promise<FileRecord | null>;
  /** Bytes that the user's files hold. */
  bytesOf(ownerId: string): Promise<number>;
}

export interface Blobs {
  find(sha256: string): Promise<BlobRecord | null>;
  /** Those that there are, in any order. */
  findMany(sha256s: string[]): Promise<BlobRecord[]>;
  /**
   * Announces content that is about to be stored or used: makes the row without references, or renews `releasedAt` of
   * one without references, so that no sweep takes it meanwhile. Its CRC-32 is noted where it is known.
   */
  announce(sha256: string, size: number, at: Date, crc32?: number | null): Promise<void>;
  /** Renews `releasedAt` of those without references: somebody still reads them. */
  renew(sha256s: string[], at: Date): Promise<void>;
  /** @returns whether the row exists */
  setCrc32(sha256: string, crc32: number): Promise<boolean>;
  /** @returns whether the row exists */
  addReference(sha256: string): Promise<boolean>;
  /** Sets `releasedAt` when it was the last one. */
  dropReference(sha256: string, at: Date): Promise<void>;
  listUnreferenced(before: Date, limit: number): Promise<BlobRecord[]>;
  /** Deletes the row only if it still has no reference and was released before. @returns whether it did */
  deleteUnreferenced(sha256: string, before: Date): Promise<boolean>;
}

/** They go with the row of their content in `Blobs`, which must be there. */
export interface Manifests {
  find(sha256: string): Promise<ManifestRecord | null>;
  /** One that is there stays as it is. */
  insert(manifest: ManifestRecord): Promise<void>;
}

export interface Uploads {
  insert(upload: UploadRecord): Promise<void>;
  find(id: string): Promise<UploadRecord | null>;
  listOf(ownerId: string, page: Page): Promise<UploadRecord[]>;
  /** The newest one that a client began under that key. */
  findByClientKey(ownerId: string, clientKey: string): Promise<UploadRecord | null>;
  /** Moves the expiry of an open upload and holds its row until the transaction ends. @returns whether it was open */
  touch(id: string, expiresAt: Date): Promise<boolean>;
  /** Sets the bytes that have come of an open upload of deferred length. @returns whether it was one */
  grow(id: string, size: number): Promise<boolean>;
  /** Sets the bytes of the whole of an open upload of deferred length. @returns whether it was one */
  declareSize(id: string, size: number): Promise<boolean>;
  setClientState(id: string, clientState: string): Promise<void>;
  /** Makes an open upload a piece of another one. @returns whether it was open and no piece yet */
  join(id: string, joinedTo: string, position: number): Promise<boolean>;
  /** The pieces of an upload in their order. */
  listJoined(joinedTo: string): Promise<UploadRecord[]>;
  /** Ends the open pieces of an upload as it ends itself. */
  endJoined(joinedTo: string, state: 'complete' | 'aborted' | 'expired'): Promise<void>;
  /** From now on an upload that would wait to be asked becomes a file with its last byte. */
  completeItself(id: string): Promise<void>;
  /** Notes the whole's SHA-256 on an open upload. @returns whether it was open */
  seal(id: string, sha256: string): Promise<boolean>;
  /** open → complete. @returns whether it was open */
  complete(id: string, fileId: string): Promise<boolean>;
  /** open → aborted or expired. @returns whether it was open */
  end(id: string, state: 'aborted' | 'expired'): Promise<boolean>;
  /** Open uploads whose completion has begun: see `seal`. */
  listSealed(): Promise<UploadRecord[]>;
  /** Open uploads that complete themselves, have all their bytes, and whose completion has not begun. */
  listFilled(): Promise<UploadRecord[]>;
  /** Open uploads past their expiry whose completion has not begun; pieces end with their whole. */
  listExpired(before: Date, limit: number): Promise<UploadRecord[]>;
  /** Open uploads but for pieces, and the declared bytes of all of them, of one user or of everybody. */
  sumOpen(ownerId?: string): Promise<{ count: number; bytes: number }>;
}

export interface Extents {
  /** In ascending order; neither overlapping nor touching. */
  listOf(uploadId: string): Promise<Extent[]>;
  /** Received bytes of many uploads at once, for lists. */
  listOfMany(uploadIds: string[]): Promise<Map<string, Extent[]>>;
  /**
   * Adds [start, end) and joins it with its neighbours. Call it in a transaction that holds the upload's row.
   * @throws `Error` outside of a transaction
   */
  add(uploadId: string, extent: Extent): Promise<void>;
  clear(uploadId: string): Promise<void>;
  /** Received bytes of all open uploads. */
  sumReceived(): Promise<number>;
}

export interface Idempotency {
  find(ownerId: string, key: string): Promise<IdempotencyRecord | null>;
  /** @throws `Conflict` when (ownerId, key) is taken */
  insert(record: IdempotencyRecord): Promise<void>;
  /** Takes over a record whose first request died: compare-and-set of `startedAt`. @returns whether it did */
  takeOver(ownerId: string, key: string, from: Date, to: Date): Promise<boolean>;
  answer(ownerId: string, key: string, answer: StoredAnswer): Promise<void>;
  delete(ownerId: string, key: string): Promise<void>;
  /** @returns how many */
  deleteExpired(before: Date): Promise<number>;
}

export interface Links {
  insert(link: LinkRecord): Promise<void>;
  findByToken(tokenHash: string): Promise<LinkRecord | null>;
  /** Those of a file that were not revoked. */
  listOf(fileId: string, page: Page): Promise<LinkRecord[]>;
  /** Holds the link's row until the transaction ends. @returns whether the link exists */
  hold(id: string): Promise<boolean>;
  /** Counts a download in one step. @returns whether the link is good at that time and had one left */
  count(id: string, at: Date): Promise<boolean>;
  /** Notes that a client's download is open; call it in a transaction that holds the link. */
  openDownload(linkId: string, client: string, openUntil: Date): Promise<void>;
  hasOpenDownload(linkId: string, client: string, at: Date): Promise<boolean>;
  /** @returns whether the file had that link and it was not revoked yet */
  revoke(fileId: string, id: string, at: Date): Promise<boolean>;
  revokeAllOf(fileId: string, at: Date): Promise<void>;
  /** Removes those that were revoked or expired before, and their downloads. @returns how many */
  deleteDead(before: Date): Promise<number>;
  /** Removes downloads that have not been open since. @returns how many */
  deleteEndedDownloads(before: Date): Promise<number>;
}

export interface Archives {
  insert(archive: ArchiveRecord): Promise<void>;
  findByToken(tokenHash: string): Promise<ArchiveRecord | null>;
  /** How many of a user's have not expired. */
  countAlive(ownerId: string, at: Date): Promise<number>;
  /** Removes those that expired before. @returns how many */
  deleteExpired(before: Date): Promise<number>;
}

/** While a row names a file, that file cannot be deleted. */
export interface Attachments {
  /**
   * Notes that a version of a document is going to use files; what is noted already stays.
   * @throws `Conflict` when one of the files is not there any more
   */
  add(documentId: string, version: number, fileIds: string[], at: Date): Promise<void>;
  listOf(fileId: string): Promise<AttachmentRecord[]>;
  remove(attachment: AttachmentRecord): Promise<void>;
  /** Removes what is noted of versions before this one. */
  removeBefore(documentId: string, version: number): Promise<void>;
  removeAllOf(documentId: string): Promise<void>;
}

/** The tables; inside a transaction, the same tables seen from within it. */
export interface Tables {
  users: Users;
  identities: Identities;
  signIns: SignIns;
  files: Files;
  blobs: Blobs;
  manifests: Manifests;
  uploads: Uploads;
  extents: Extents;
  idempotency: Idempotency;
  links: Links;
  archives: Archives;
  attachments: Attachments;
}

/**
 * The relational store.
 * Errors: `Conflict` for a unique value that is taken, `Unavailable` when the database does not answer or a lock does
 * not come free, `OutOfSpace` when its disk is full.
 */
export interface SqlStore extends Store, Tables {
  /** Everything in `work` takes effect, or nothing does. */
  transaction<T>(work: (tables: Tables) => Promise<T>): Promise<T>;
  /** Brings the schema to the newest version. @returns the names of the migrations that ran */
  migrate(): Promise<string[]>;
}
