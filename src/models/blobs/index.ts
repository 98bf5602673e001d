import type { Store } from '../store';

/** Bytes in order. A sender that breaks off, or whose bytes turn out wrong, makes the iteration throw. */
export type ByteSource = AsyncIterable<Uint8Array>;

/** Finished content, open for reading; closing it twice is allowed. */
export interface BlobReader {
  /** Bytes. */
  readonly size: number;
  /**
   * The bytes from `start` up to, but not including, `end`. A piece is valid until the next one is asked for, because
   * the buffers are used again.
   * @throws when the content is shorter than `end`
   */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/** What a sweep finds in storage. */
export interface StoredItem {
  /** The part's id, or the blob's SHA-256 in lower-case hexadecimal. */
  id: string;
  modifiedAt: Date;
}

/**
 * Where bytes live: parts, which are being filled in any order, and blobs, finished content named by its SHA-256.
 * Which bytes of a part count is not known here: that is the ledger's business, in the database.
 *
 * Errors: `OutOfSpace` when the medium is full, `NotFound` for a part or blob that is not there.
 */
export interface BlobStore extends Store {
  /** Bytes that can still be written. */
  freeBytes(): Promise<number>;

  /** Makes an empty part. With a size, the part is exactly that long from the start. Doing it twice is allowed. */
  createPart(id: string, size: number | null): Promise<void>;
  hasPart(id: string): Promise<boolean>;
  /**
   * Writes the source's bytes at `start` and resolves with their count once they survive a power cut. An error of the
   * source is passed on as it is; what was written until then is of no account.
   * A failed sync is thrown as `SyncFailed` and never tried again: the kernel may have dropped the pages.
   */
  writePart(id: string, start: number, source: ByteSource): Promise<number>;
  /** Whether the source's bytes are those of the part from `start` on. Reads the source to its end. */
  partMatches(id: string, start: number, source: ByteSource): Promise<boolean>;
  /** A hint that bytes [0, end) are final, so that their SHA-256 can be computed meanwhile. */
  hashAlong(id: string, end: number): void;
  /** The SHA-256 of the whole part, `size` bytes, in lower-case hexadecimal. */
  hashPart(id: string, size: number): Promise<string>;
  /**
   * Makes the part the blob of that name; survives a power cut once resolved. When that blob is there already, the
   * part is dropped. Doing it again after the part is gone is allowed as long as the blob is there.
   */
  publishPart(id: string, sha256: string): Promise<void>;
  /** Removes the part; one that is not there is no error. */
  discardPart(id: string): Promise<void>;
  listParts(): AsyncIterable<StoredItem>;

  /** @throws `NotFound` */
  openBlob(sha256: string): Promise<BlobReader>;
  hasBlob(sha256: string): Promise<boolean>;
  /** Removes the blob; one that is not there is no error. Readers that are open go on to their end. */
  deleteBlob(sha256: string): Promise<void>;
  listBlobs(): AsyncIterable<StoredItem>;
}

/** Written bytes may be lost: the upload that they belong to cannot go on. */
export class SyncFailed extends Error {
  constructor(cause: unknown) {
    super('syncing to storage failed', { cause });
    this.name = 'SyncFailed';
  }
}
