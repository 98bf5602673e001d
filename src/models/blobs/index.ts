import type { Store } from '../store';

/** Bytes in order. A sender that breaks off, or whose bytes turn out wrong, makes the iteration throw. */
export type ByteSource = AsyncIterable<Uint8Array>;

/** Finished content, open for reading; closing it twice is allowed. */
export interface BlobReader {
  /** Bytes. */
  readonly size: number;
  /** Where the content lies within the folder of blobs, e.g. `ab/cd/<sha256>`; only when it is a file on a disk. */
  readonly path?: string;
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

/** A part that becomes a piece of another one, and how many of its bytes count. */
export interface Piece {
  id: string;
  size: number;
}

/** What is computed of a part while it fills. */
export interface PartHashes {
  /** In lower-case hexadecimal. */
  sha256: string;
  /** As ZIP has it: an unsigned number of 32 bits. */
  crc32: number;
}

export interface BlobHashes {
  /** SHA-256 of each piece in lower-case hexadecimal; none of an empty blob. */
  pieces: string[];
  /** Of the whole. */
  crc32: number;
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
  /**
   * The part's bytes from `start` up to, but not including, `end`. A piece is valid until the next one is asked for.
   * @throws when the part is shorter than `end`
   */
  readPart(id: string, start: number, end: number): ByteSource;
  /** A hint that bytes [0, end) are final, so that their hashes can be computed meanwhile. */
  hashAlong(id: string, end: number): void;
  /** The hashes of the whole part, `size` bytes. */
  hashPart(id: string, size: number): Promise<PartHashes>;
  /**
   * Makes a part out of others, which lie in it from then on, in their order, and are no parts of their own any more.
   * Nothing is written to it any more. Doing it again, also after it was cut off, is allowed until it is published.
   */
  joinParts(id: string, pieces: Piece[]): Promise<void>;
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
  /**
   * Reads the whole blob for the hashes of its pieces, which are `pieceSize` bytes long but for
   * the last one. It gives way to uploads, and may take long.
   * @throws `NotFound`
   */
  hashBlob(sha256: string, pieceSize: number): Promise<BlobHashes>;
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
