import { ChunkConflict, Conflict, Gone, Internal, NotFound } from '../errors';
import { SyncFailed, type BlobStore, type ByteSource } from '../models/blobs';
import type { KeyValueStore } from '../models/keyvalue';
import type { Extent, FileRecord, SqlStore, Tables, UploadRecord } from '../models/sql';
import { alone } from './alone';
import { checkedSource, type ExpectedDigest } from './checked-source';
import { covers, prefixLength } from './chunk-grid';
import type { EventPublisher } from './events';
import type { ProgressEvents } from './progress-events';
import type { Clock } from './runtime';

/** Below the time that a request body may stand still, so that the one who waits gets an answer. */
const CHUNK_WAIT_MS = 20_000;
const COMPLETE_WAIT_MS = 300_000;

interface LedgerOptions {
  sql: SqlStore;
  blobs: BlobStore;
  keyvalue: KeyValueStore;
  events: EventPublisher;
  progress: ProgressEvents;
  /** How long an upload waits for its next bytes. */
  waitMs: number;
  now: Clock;
}

/** What is known of a whole that was received. */
export interface WholeDigest {
  sha256: string;
  /** Null when a crash came before it was kept; it is then computed by whoever needs it. */
  crc32: number | null;
}

/** Asked within the transaction that records bytes up to `end`; throws when there may not be so many. */
export type Admission = (tables: Tables, end: number) => Promise<void>;

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
   *   `OutOfSpace`, `Internal` when what was there is lost, which ends the upload, and what `admit` throws
   */
  async receive(
    upload: UploadRecord,
    extent: Extent,
    body: ByteSource,
    digests: ExpectedDigest[],
    admit?: Admission,
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
      return this.record(upload, extent, admit);
    });
  }

  /**
   * Makes the part of a wholly received upload a blob and enters its file, so that a crash between any two steps can
   * be finished by calling this again.
   * @param digest of the whole, computed by `digest`
   * @throws `Gone` when the upload ended meanwhile, `Internal` when its bytes are lost, which ends it
   */
  async publish(upload: UploadRecord, { sha256, crc32 }: WholeDigest, file: FileRecord): Promise<void> {
    const { sql, blobs, now } = this.options;
    await sql.transaction(async (tables) => {
      if (!(await tables.uploads.seal(upload.id, sha256))) throw new Gone('The upload has ended.');
      await tables.blobs.announce(sha256, upload.size, now(), crc32);
    });
    await this.onPart({ ...upload, sealedSha256: sha256 }, () => blobs.publishPart(upload.id, sha256));
    await sql.transaction(async (tables) => {
      if (!(await tables.uploads.complete(upload.id, file.id))) throw new Gone('The upload has ended.');
      if (!(await tables.blobs.addReference(sha256))) throw new Error(`the row of blob ${sha256} is gone`);
      await tables.files.insert(file);
      await tables.extents.clear(upload.id);
      if (upload.pieceCount !== null) await tables.uploads.endJoined(upload.id, 'complete');
    });
  }

  /**
   * Enters the file of an open upload whose content is stored already; what came of it is dropped.
   * @throws `Gone` when the upload or the content is gone meanwhile
   */
  async adopt(upload: UploadRecord, file: FileRecord): Promise<void> {
    const { sql, blobs } = this.options;
    await sql.transaction(async (tables) => {
      if (!(await tables.uploads.complete(upload.id, file.id))) throw new Gone('The upload has ended.');
      if (!(await tables.blobs.addReference(file.sha256))) throw new Gone('The content was deleted.');
      await tables.files.insert(file);
      await tables.extents.clear(upload.id);
    });
    await blobs.discardPart(upload.id);
  }

  /**
   * The digest of the whole, for the most part computed while the bytes came.
   * @throws `Gone` when the upload ended meanwhile, `Internal` when its bytes are lost, which ends it
   */
  async digest(upload: UploadRecord): Promise<WholeDigest> {
    const { id, size, sealedSha256 } = upload;
    if (sealedSha256 !== null) return { sha256: sealedSha256, crc32: null };
    const { sql, blobs } = this.options;
    return this.onPart(upload, async () => {
      if (upload.pieceCount !== null) await blobs.joinParts(id, await sql.uploads.listJoined(id));
      return blobs.hashPart(id, size);
    });
  }

  /**
   * Runs `work` while nobody else, in whatever process, does the same for this upload.
   * @throws `Busy` when the other one takes too long
   */
  completing<T>(uploadId: string, work: () => Promise<T>): Promise<T> {
    return this.alone(`complete:${uploadId}`, COMPLETE_WAIT_MS, work);
  }

  /** Ends an open upload, with the pieces that it is made of, and drops its bytes. @returns whether it was open */
  async end(uploadId: string, state: 'aborted' | 'expired'): Promise<boolean> {
    const { sql, blobs } = this.options;
    const ended = await sql.transaction(async (tables) => {
      if (!(await tables.uploads.end(uploadId, state))) return null;
      await tables.extents.clear(uploadId);
      const pieces = await tables.uploads.listJoined(uploadId);
      if (pieces.length > 0) await tables.uploads.endJoined(uploadId, state);
      return pieces;
    });
    if (!ended) return false;
    for (const { id } of [{ id: uploadId }, ...ended]) await blobs.discardPart(id);
    await this.options.events.publish(`upload:${uploadId}`, 'upload.aborted', { uploadId, reason: state });
    return true;
  }

  /**
   * Does `work` on the upload's part, and explains when that fails for good: the upload has ended meanwhile, or its
   * bytes cannot be trusted any more, which ends it.
   */
  async onPart<T>(upload: UploadRecord, work: () => Promise<T>): Promise<T> {
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

  /**
   * Notes that the bytes of an extent are there, once they survive a power cut.
   * @returns all extents received
   * @throws `Gone` when the upload ended meanwhile, what `admit` throws
   */
  async record(upload: UploadRecord, extent: Extent, admit?: Admission): Promise<Extent[]> {
    const { sql, blobs, progress } = this.options;
    const received = await sql.transaction(async (tables) => {
      if (!(await tables.uploads.touch(upload.id, this.expiry()))) throw new Gone('The upload has ended.');
      await admit?.(tables, extent.end);
      await tables.extents.add(upload.id, extent);
      return tables.extents.listOf(upload.id);
    });
    blobs.hashAlong(upload.id, prefixLength(received));
    progress.report(upload, received);
    return received;
  }

  private alone<T>(key: string, waitMs: number, work: (lost: AbortSignal) => Promise<T>): Promise<T> {
    return alone(this.options.keyvalue, key, waitMs, work);
  }
}
