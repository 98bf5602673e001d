import { ChunkConflict, Conflict, Gone, Internal, NotFound } from '../errors';
import { SyncFailed, type BlobStore, type ByteSource } from '../models/blobs';
import type { KeyValueStore } from '../models/keyvalue';
import { LeaseHeld, withLease } from '../models/keyvalue/lease';
import type { Extent, FileRecord, SqlStore, UploadRecord } from '../models/sql';
import { checkedSource } from './checked-source';
import { covers, prefixLength } from './chunk-grid';
import type { Digest } from './http/digests';
import type { Clock } from './runtime';

/** A lease outlives a process that died by so long. */
const LEASE_MS = 30_000;
/** Below the time that a request body may stand still, so that the one who waits gets an answer. */
const CHUNK_WAIT_MS = 20_000;
const COMPLETE_WAIT_MS = 300_000;

interface LedgerOptions {
  sql: SqlStore;
  blobs: BlobStore;
  keyvalue: KeyValueStore;
  /** How long an upload waits for its next bytes. */
  waitMs: number;
  now: Clock;
}

/**
 * Which bytes of which upload are there. Bytes go to their offset of one part; only when they survive a power cut is
 * their extent recorded, and only then is it said that they are there.
 */
export class Ledger {
  constructor(private readonly options: LedgerOptions) {}

  /** When an upload ends that gets no more bytes from now on. */
  expiry(): Date {
    return new Date(this.options.now().getTime() + this.options.waitMs);
  }

  /**
   * Takes bytes for an extent of an open upload. The same bytes again are a success; other bytes, and bytes that are
   * wrong by their digest or number, change nothing.
   * @returns all extents received
   * @throws `ChunkConflict`, `DigestMismatch`, `TooLarge`, `InvalidRequest`, `Gone` when the upload ended meanwhile,
   *   `Conflict` when it was completed meanwhile, or somebody else is sending the same bytes and takes too long,
   *   `OutOfSpace`, `Internal` when what was there is lost, which ends the upload
   */
  async receive(
    upload: UploadRecord,
    extent: Extent,
    body: ByteSource,
    digests: Digest[],
  ): Promise<Extent[]> {
    const key = `chunk:${upload.id}:${extent.start}`;
    return this.alone(key, CHUNK_WAIT_MS, async (lost) => {
      const { sql, blobs } = this.options;
      const source = checkedSource(body, { length: extent.end - extent.start, digests, signal: lost });
      const received = await sql.extents.listOf(upload.id);
      if (covers(received, extent)) {
        const same = await this.onPart(upload, () => blobs.partMatches(upload.id, extent.start, source));
        if (same) return received;
        throw new ChunkConflict('Other bytes are there already; start a new upload to send them.');
      }
      await this.onPart(upload, () => blobs.writePart(upload.id, extent.start, source));
      lost.throwIfAborted();
      return this.record(upload, extent);
    });
  }

  /**
   * Makes the part of a wholly received upload a blob and enters its file, so that a crash between any two steps can
   * be finished by calling this again.
   * @param sha256 of the whole, computed by `digest`
   * @throws `Gone` when the upload ended meanwhile, `Internal` when its bytes are lost, which ends it
   */
  async publish(upload: UploadRecord, sha256: string, file: FileRecord): Promise<void> {
    const { sql, blobs, now } = this.options;
    await sql.transaction(async (tables) => {
      if (!(await tables.uploads.seal(upload.id, sha256))) throw new Gone('The upload has ended.');
      await tables.blobs.announce(sha256, upload.size, now());
    });
    await this.onPart({ ...upload, sealedSha256: sha256 }, () => blobs.publishPart(upload.id, sha256));
    await sql.transaction(async (tables) => {
      if (!(await tables.uploads.complete(upload.id, file.id))) throw new Gone('The upload has ended.');
      if (!(await tables.blobs.addReference(sha256))) throw new Error(`the row of blob ${sha256} is gone`);
      await tables.files.insert(file);
      await tables.extents.clear(upload.id);
    });
  }

  /**
   * The SHA-256 of the whole, for the most part computed while the bytes came.
   * @throws `Gone` when the upload ended meanwhile, `Internal` when its bytes are lost, which ends it
   */
  async digest(upload: UploadRecord): Promise<string> {
    const { id, size, sealedSha256 } = upload;
    return sealedSha256 ?? this.onPart(upload, () => this.options.blobs.hashPart(id, size));
  }

  /**
   * Runs `work` while nobody else, in whatever process, does the same for this upload.
   * @throws `Conflict` when the other one takes too long
   */
  completing<T>(uploadId: string, work: () => Promise<T>): Promise<T> {
    return this.alone(`complete:${uploadId}`, COMPLETE_WAIT_MS, work);
  }

  /** Ends an open upload and drops its bytes. @returns whether it was open */
  async end(uploadId: string, state: 'aborted' | 'expired'): Promise<boolean> {
    const { sql, blobs } = this.options;
    const ended = await sql.transaction(async (tables) => {
      const wasOpen = await tables.uploads.end(uploadId, state);
      if (wasOpen) await tables.extents.clear(uploadId);
      return wasOpen;
    });
    if (ended) await blobs.discardPart(uploadId);
    return ended;
  }

  /**
   * Does `work` on the upload's part, and explains when that fails for good: the upload has ended meanwhile, or its
   * bytes cannot be trusted any more, which ends it.
   */
  private async onPart<T>(upload: UploadRecord, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof SyncFailed) && !(error instanceof NotFound)) throw error;
      const found = await this.options.sql.uploads.find(upload.id);
      if (found?.state === 'aborted' || found?.state === 'expired') throw new Gone('The upload has ended.');
      // It was sealed since `upload` was read: somebody is making it a file.
      if (found?.sealedSha256 !== upload.sealedSha256 && error instanceof NotFound)
        throw new Conflict('The upload is complete.');
      // The kernel may have dropped pages of chunks that were acknowledged before, or the part is lost.
      await this.end(upload.id, 'aborted');
      throw new Internal(error);
    }
  }

  private async record(upload: UploadRecord, extent: Extent): Promise<Extent[]> {
    const { sql, blobs } = this.options;
    const received = await sql.transaction(async (tables) => {
      if (!(await tables.uploads.touch(upload.id, this.expiry()))) throw new Gone('The upload has ended.');
      await tables.extents.add(upload.id, extent);
      return tables.extents.listOf(upload.id);
    });
    blobs.hashAlong(upload.id, prefixLength(received));
    return received;
  }

  private async alone<T>(key: string, waitMs: number, work: (lost: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await withLease(this.options.keyvalue, key, { ttlMs: LEASE_MS, waitMs }, (lease) =>
        work(lease.lost),
      );
    } catch (error) {
      if (!(error instanceof LeaseHeld)) throw error;
      throw new Conflict('Another request is doing the same; try again in a moment.', {
        cause: error,
        headers: { 'Retry-After': '2' },
      });
    }
  }
}
