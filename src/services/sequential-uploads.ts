import { Conflict, DigestMismatch, Gone, LengthMismatch, TooLarge } from '../errors';
import type { ByteSource } from '../models/blobs';
import type { FileRecord, SqlStore, Tables, UploadRecord } from '../models/sql';
import type { Appends } from './appends';
import type { ExpectedDigest } from './checked-source';
import type { FreeSpace } from './free-space';
import type { Ledger } from './ledger';
import type { Quotas } from './quotas';
import type { Clock } from './runtime';
import type { Uploads } from './uploads';

/** How far an upload is that is filled from its start to its end. */
export interface Sequence {
  upload: UploadRecord;
  /** Bytes that are there: where the next one belongs. */
  offset: number;
  /** The file that it became. */
  file: FileRecord | null;
}

interface Appended {
  offset: number;
  body: ByteSource;
  /** Bytes of the body, when it says so. */
  length: number | null;
  digests: ExpectedDigest[];
  /** Bytes of the whole upload, as the sender says now. */
  total?: number | null;
  /** Nothing comes after this body: with it the upload is complete. */
  last?: boolean;
  /** Told when all bytes up to `end` are safe and more may come. */
  onSafe?: (end: number) => void;
}

interface SequentialUploadsOptions {
  sql: SqlStore;
  ledger: Ledger;
  appends: Appends;
  uploads: Uploads;
  quotas: Quotas;
  freeSpace: FreeSpace;
  maxFileBytes: number;
  now: Clock;
}

/** Uploads of clients that send from the start to the end, and may say late how long the whole is. */
export class SequentialUploads {
  constructor(private readonly options: SequentialUploadsOptions) {}

  /** Of the largest file. */
  get maxFileBytes(): number {
    return this.options.maxFileBytes;
  }

  /** Until an upload ends that gets no more bytes. */
  secondsLeft({ expiresAt }: UploadRecord): number {
    return Math.max(0, Math.floor((expiresAt.getTime() - this.options.now().getTime()) / 1000));
  }

  /**
   * How far the upload is once nobody sends to it: a request that is under way is interrupted. One that completes
   * itself and has all its bytes is completed.
   * @throws `NotFound`, `Gone`, `Busy` when another process goes on sending, `DigestMismatch`
   */
  async find(ownerId: string, id: string): Promise<Sequence> {
    const { upload, file } = await this.options.uploads.get(ownerId, id);
    if (isWhole(upload)) return { upload, offset: upload.size, file };
    const offset = await this.options.appends.settledEnd(id);
    return this.completed({ upload, offset, file: null });
  }

  /**
   * Takes bytes at the end. Should the body break off, what has come until then stays, unless there is a digest.
   * @returns with the file when the upload completes itself and this was its end
   * @throws `OffsetMismatch`, `LengthMismatch`, `TooLarge`, `QuotaExceeded`, `OutOfSpace`, `DigestMismatch`,
   *   `NotFound`, `Gone`, `Conflict` when the upload is complete, `Busy` when another request took over
   */
  async append(ownerId: string, id: string, appended: Appended): Promise<Sequence> {
    const { appends, uploads } = this.options;
    requireAppendable((await uploads.get(ownerId, id)).upload);
    const offset = await appends.append(id, appended, {
      begin: () => this.begin(ownerId, id, appended),
      admit: (tables, end) => this.admit(tables, id, end),
      onSafe: appended.onSafe,
    });
    if (appended.last) await this.finish(ownerId, id, offset);
    const { upload, file } = await uploads.get(ownerId, id);
    return this.completed({ upload, offset, file });
  }

  /** Ends the upload, and a request that is under way. @throws `NotFound`, `Gone`, `Conflict` when it is complete */
  async abort(ownerId: string, id: string): Promise<void> {
    await this.options.uploads.abort(ownerId, id);
    this.options.appends.interrupt(id);
  }

  /**
   * Completes uploads that have all their bytes while nobody asks for them any more: their last answer was cut off.
   * @param onFailure told of each that cannot be completed now; it does not keep the others from it
   * @returns how many were completed
   */
  async recover(onFailure: (error: unknown, uploadId: string) => void): Promise<number> {
    let count = 0;
    for (const { id, ownerId } of await this.options.sql.uploads.listFilled()) {
      try {
        await this.complete(ownerId, id);
        count += 1;
      } catch (error) {
        onFailure(error, id);
      }
    }
    return count;
  }

  /** What is said of the upload's length has to fit before a byte is taken. */
  private async begin(ownerId: string, id: string, appended: Appended): Promise<UploadRecord> {
    const { offset, length, total = null, last = false } = appended;
    const { uploads, freeSpace, sql } = this.options;
    const end = length === null ? null : offset + length;
    if (last && total !== null && end !== null && end !== total)
      throw new LengthMismatch(`The whole should have ${total} bytes, this would be ${end}.`);
    const size = total ?? (last ? end : null);
    if (size !== null) await this.declareSize(ownerId, id, size);
    const { upload } = await uploads.get(ownerId, id);
    requireAppendable(upload);
    if (upload.sizeDeferred) {
      if (end !== null) this.requireAllowed(end);
      if (length !== null) await freeSpace.require(length);
    } else if (end !== null && end > upload.size) {
      throw new TooLarge(`The upload has ${upload.size} bytes, with these it would have ${end}.`);
    }
    if (last && size !== null) await sql.uploads.completeItself(id);
    return upload;
  }

  /** The last body has come whole. */
  private async finish(ownerId: string, id: string, size: number): Promise<void> {
    await this.declareSize(ownerId, id, size);
    await this.options.sql.uploads.completeItself(id);
  }

  /**
   * Says how long an upload of deferred length will be. Saying the same again is allowed.
   * @throws `LengthMismatch` when another length is known already or more bytes have come, `TooLarge`, `QuotaExceeded`
   */
  private async declareSize(ownerId: string, id: string, size: number): Promise<void> {
    const { sql, ledger, uploads, quotas, freeSpace } = this.options;
    const { upload } = await uploads.get(ownerId, id);
    if (!upload.sizeDeferred) {
      if (upload.size !== size) throw new LengthMismatch(`The upload has ${upload.size} bytes, not ${size}.`);
      return;
    }
    this.requireAllowed(size);
    if (size < upload.size) throw new LengthMismatch(`${upload.size} bytes have come already.`);
    await freeSpace.require(size - upload.size);
    await sql.transaction(async (tables) => {
      if (!(await tables.uploads.touch(id, ledger.expiry()))) throw new Gone('The upload has ended.');
      await quotas.require(tables, ownerId, size - upload.size);
      await tables.uploads.declareSize(id, size);
    });
  }

  /** Bytes of an upload of deferred length are counted as they come. */
  private async admit(tables: Tables, id: string, end: number): Promise<void> {
    const upload = await tables.uploads.find(id);
    if (!upload?.sizeDeferred) return;
    this.requireAllowed(end);
    if (end <= upload.size) return;
    await this.options.quotas.require(tables, upload.ownerId, end - upload.size);
    await tables.uploads.grow(id, end);
  }

  private requireAllowed(size: number): void {
    const { maxFileBytes } = this.options;
    if (size > maxFileBytes) throw new TooLarge(`A file may have at most ${maxFileBytes} bytes.`);
  }

  private async completed(sequence: Sequence): Promise<Sequence> {
    const { upload, offset } = sequence;
    const isFilled = !upload.sizeDeferred && offset === upload.size;
    if (upload.completion !== 'itself' || upload.state !== 'open' || !isFilled) return sequence;
    const file = await this.complete(upload.ownerId, upload.id);
    return { upload: { ...upload, state: 'complete', fileId: file.id }, offset, file };
  }

  /** One whose bytes turn out to be others than was said cannot be mended, because none can be sent again. */
  private async complete(ownerId: string, id: string): Promise<FileRecord> {
    const { uploads, ledger } = this.options;
    try {
      return (await uploads.complete(ownerId, id, undefined)).file;
    } catch (error) {
      if (error instanceof DigestMismatch) await ledger.end(id, 'aborted');
      throw error;
    }
  }
}

/** Whether all its bytes are there, which are no extents of its own any more. */
function isWhole(upload: UploadRecord): boolean {
  return upload.state === 'complete' || upload.joinedTo !== null;
}

function requireAppendable(upload: UploadRecord): void {
  if (upload.state === 'complete') throw new Conflict('The upload is complete.');
  if (upload.joinedTo !== null) throw new Conflict('The upload is a piece of another one.');
  if (upload.pieceCount !== null) throw new Conflict('The upload is made of others.');
}
