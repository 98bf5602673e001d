import { Internal, NotFound } from '../errors';
import type { BlobReader, BlobStore } from '../models/blobs';

/** Content that is open for reading, with what is said of it; whoever gets it closes the reader. */
export interface OpenContent {
  /** Under which it is offered for saving. */
  name: string;
  /** Media type. */
  type: string;
  /** Bytes. */
  size: number;
  /** Strong, with its quotes. */
  etag: string;
  lastModified: Date;
  /** Of the whole, in hexadecimal; null where nobody has computed it. */
  sha256: string | null;
  reader: BlobReader;
}

/**
 * Opens bytes that a record says are there.
 * @throws `Internal` when they are lost: that is our fault, and somebody has to be told
 */
export async function openStored(blobs: BlobStore, sha256: string): Promise<BlobReader> {
  try {
    return await blobs.openBlob(sha256);
  } catch (error) {
    throw error instanceof NotFound ? new Internal(error) : error;
  }
}
