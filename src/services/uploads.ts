import { Conflict, DigestMismatch, Gone, NotFound, RateLimited, TooLarge, UploadIncomplete } from '../errors';
import type { BlobStore, ByteSource } from '../models/blobs';
import type { Extent, FileRecord, Page, SqlStore, UploadRecord } from '../models/sql';
import { chunkExtent, missingChunks } from './chunk-grid';
import type { EventPublisher } from './events';
import type { FreeSpace } from './free-space';
import type { Digest } from './http/digests';
import { newId } from './ids';
import type { Ledger, WholeDigest } from './ledger';
import type { Challenge, OwnershipProofs } from './ownership-proofs';
import type { Quotas } from './quotas';
import type { Clock } from './runtime';
import { draftUpload, type ChunkSizeLimits, type NewUpload } from './upload-draft';

/** Of no bytes at all. */
const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

export interface UploadLimits extends ChunkSizeLimits {
  maxFileBytes: number;
  maxOpen: number;
  instant: 'own' | 'proof' | 'off';
}

/** An upload with what of it has come, and the file that it became. */
export interface UploadState {
  upload: UploadRecord;
  extents: Extent[];
  file: FileRecord | null;
}

export interface CreatedUpload extends UploadState {
  instant: boolean;
  challenge: Challenge | null;
}

/** A chunk that may be sent, and the bytes [start, end) that it has. */
export interface OpenChunk {
  upload: UploadRecord;
  extent: Extent;
}

interface UploadsOptions {
  sql: SqlStore;
  blobs: BlobStore;
  ledger: Ledger;
  events: EventPublisher;
  quotas: Quotas;
  freeSpace: FreeSpace;
  proofs: OwnershipProofs;
  limits: UploadLimits;
  now: Clock;
}

/** Uploads as their owner sees them: created, filled chunk by chunk, completed or aborted. */
export class Uploads {
  constructor(private readonly options: UploadsOptions) {}

  /**
   * @param id of the upload, so that the same request repeated finds what it made before
   * @returns with `instant`, an upload that is complete because the owner may read that content already; with a
   *   challenge, one that `prove` can complete
   * @throws `TooLarge`, `QuotaExceeded`, `OutOfSpace`, `RateLimited` when too many are open, `DigestMismatch` of nothing
   */
  async create(ownerId: string, input: NewUpload, id = newId()): Promise<CreatedUpload> {
    const { limits, ledger, sql, now } = this.options;
    const made = await sql.uploads.find(id);
    if (made) return { ...(await this.stateOf(made)), instant: false, challenge: null };
    if (input.size !== null && input.size > limits.maxFileBytes) {
      throw new TooLarge(`A file may have at most ${limits.maxFileBytes} bytes.`);
    }
    if (input.size === 0) requireDigest(input.sha256, EMPTY_SHA256);
    const upload = draftUpload(ownerId, id, input, limits, { createdAt: now(), expiresAt: ledger.expiry() });
    const twin = input.instant === false ? null : await this.findTwin(upload);
    if (twin) return { ...(await this.copy(upload, twin)), instant: true, challenge: null };
    await this.open(upload);
    // Nothing is to come: the whole is there.
    if (input.size === 0 && upload.completion !== 'never') await this.complete(ownerId, id, undefined);
    const mayProve = limits.instant === 'proof' && input.instant !== false;
    const challenge = mayProve ? await this.options.proofs.challenge(upload) : null;
    return { ...(await this.get(ownerId, id)), instant: false, challenge };
  }

  /** @throws `NotFound`, `Gone` when it was aborted or has expired */
  async get(ownerId: string, id: string): Promise<UploadState> {
    const upload = await this.find(ownerId, id);
    if (upload.state === 'aborted' || upload.state === 'expired')
      throw new Gone(`The upload is ${upload.state}.`);
    return this.stateOf(upload);
  }

  /** Newest first, ended ones included. */
  async list(ownerId: string, page: Page): Promise<UploadState[]> {
    const { sql } = this.options;
    const uploads = (await sql.uploads.listOf(ownerId, page)).map((upload) => this.aged(upload));
    const extents = await sql.extents.listOfMany(uploads.map((upload) => upload.id));
    return Promise.all(
      uploads.map(async (upload) => ({
        upload,
        extents: extents.get(upload.id) ?? [],
        file: upload.fileId === null ? null : await sql.files.find(upload.fileId),
      })),
    );
  }

  /** Chunk `index` of an open upload. @throws `NotFound`, `Conflict` when the upload is complete, `Gone` */
  async findChunk(ownerId: string, id: string, index: number): Promise<OpenChunk> {
    const upload = await this.findOpen(ownerId, id);
    requireOwnBytes(upload);
    requireSize(upload);
    const extent = chunkExtent(upload, index);
    if (!extent) throw new NotFound(`There is no chunk ${index} in this upload.`);
    return { upload, extent };
  }

  /** Takes the bytes of a chunk. @throws those of `Ledger.receive` */
  async putChunk({ upload, extent }: OpenChunk, body: ByteSource, digests: Digest[]): Promise<UploadState> {
    const extents = await this.options.ledger.receive(upload, extent, body, digests);
    return { upload, extents, file: null };
  }

  /**
   * Makes the upload a file. Doing it again gives the same file.
   * @throws `UploadIncomplete` naming the missing chunks, `DigestMismatch`, `Gone`, `NotFound`
   */
  async complete(
    ownerId: string,
    id: string,
    sha256: string | undefined,
  ): Promise<{ file: FileRecord; created: boolean }> {
    return this.options.ledger.completing(id, async () => {
      const { upload, extents, file: made } = await this.get(ownerId, id);
      if (upload.state === 'complete') {
        if (!made) throw new Gone('The file of this upload was deleted.');
        requireDigest(sha256, made.sha256);
        return { file: made, created: false };
      }
      requireSize(upload);
      if (upload.completion === 'never') throw new Conflict('The upload is for a piece of another one.');
      const missing = missingChunks(upload, extents);
      if (missing.length > 0) throw new UploadIncomplete(missing);
      const actual = await this.options.ledger.digest(upload);
      requireDigest(upload.declaredSha256 ?? undefined, actual.sha256);
      requireDigest(sha256, actual.sha256);
      return { file: await this.finish(upload, actual), created: true };
    });
  }

  /**
   * Completes an upload whose owner shows that they have its content, which is stored already.
   * @throws those of `OwnershipProofs.verify`, `NotFound`, `Gone`, `Conflict` when it is complete
   */
  async prove(ownerId: string, id: string, answers: string[]): Promise<UploadState> {
    const upload = await this.findOpen(ownerId, id);
    const sha256 = await this.options.proofs.verify(upload, answers);
    const file = this.fileOf(upload, sha256);
    await this.options.ledger.completing(id, () => this.options.ledger.adopt(upload, file));
    await this.announce(upload, file);
    return this.get(ownerId, id);
  }

  /**
   * Finishes uploads whose completion was cut off, by a crash or a store that was down.
   * @param onFailure told of each that cannot be finished now; it does not keep the others from it
   * @returns how many were finished
   */
  async recover(onFailure: (error: unknown, uploadId: string) => void): Promise<number> {
    const { sql, ledger } = this.options;
    let count = 0;
    for (const { id } of await sql.uploads.listSealed()) {
      const finishing = ledger.completing(id, async () => {
        const upload = await sql.uploads.find(id);
        if (upload?.state !== 'open' || upload.sealedSha256 === null) return;
        await this.finish(upload, { sha256: upload.sealedSha256, crc32: null });
        count += 1;
      });
      await finishing.catch((error: unknown) => onFailure(error, id));
    }
    return count;
  }

  /** Doing it again is `Gone`. @throws `NotFound`, `Gone`, `Conflict` when it is complete */
  async abort(ownerId: string, id: string): Promise<void> {
    const upload = await this.findOpen(ownerId, id);
    if (upload.joinedTo !== null) throw new Conflict('The upload is a piece of another one.');
    await this.options.ledger.end(upload.id, 'aborted');
  }

  private async findTwin(upload: UploadRecord): Promise<FileRecord | null> {
    if (this.options.limits.instant === 'off' || upload.declaredSha256 === null) return null;
    const twin = await this.options.sql.files.findReadable(upload.declaredSha256, upload.ownerId);
    return twin?.size === upload.size ? twin : null;
  }

  /** A file of content that is there: one more reference, no bytes. */
  private async copy(draft: UploadRecord, twin: FileRecord): Promise<UploadState> {
    const file = this.fileOf(draft, twin.sha256);
    const upload: UploadRecord = { ...draft, state: 'complete', sealedSha256: twin.sha256, fileId: file.id };
    await this.options.sql.transaction(async (tables) => {
      await this.options.quotas.require(tables, upload.ownerId, upload.size);
      if (!(await tables.blobs.addReference(twin.sha256)))
        throw new Conflict('The content was deleted meanwhile.');
      await tables.files.insert(file);
      await tables.uploads.insert(upload);
    });
    await this.announce(upload, file);
    return { upload, extents: [], file };
  }

  private async open(upload: UploadRecord): Promise<void> {
    const { sql, blobs, freeSpace, quotas, limits } = this.options;
    await freeSpace.require(upload.size);
    try {
      await blobs.createPart(upload.id, upload.sizeDeferred ? null : upload.size);
      await sql.transaction(async (tables) => {
        await quotas.require(tables, upload.ownerId, upload.size);
        const { count } = await tables.uploads.sumOpen(upload.ownerId);
        if (count >= limits.maxOpen) {
          throw new RateLimited(`${count} uploads are open; complete or abort some first.`, 60, {
            'RateLimit-Policy': `"open-uploads";q=${limits.maxOpen}`,
            RateLimit: '"open-uploads";r=0',
          });
        }
        await tables.uploads.insert(upload);
      });
    } catch (error) {
      // Unless another try of the same request has opened it meanwhile.
      if (!(await sql.uploads.find(upload.id))) await blobs.discardPart(upload.id);
      throw error;
    }
  }

  private async finish(upload: UploadRecord, digest: WholeDigest): Promise<FileRecord> {
    const file = this.fileOf(upload, digest.sha256);
    await this.options.ledger.publish(upload, digest, file);
    await this.announce(upload, file);
    return file;
  }

  private fileOf(upload: UploadRecord, sha256: string): FileRecord {
    const { ownerId, size, name, type, visibility } = upload;
    const at = this.options.now();
    return { id: newId(), ownerId, sha256, size, name, type, visibility, createdAt: at, updatedAt: at };
  }

  private async announce(upload: UploadRecord, file: FileRecord): Promise<void> {
    const { events } = this.options;
    const { id: fileId, name, size } = file;
    await events.publish(`upload:${upload.id}`, 'upload.completed', { uploadId: upload.id, fileId });
    await events.publish(`user:${upload.ownerId}`, 'file.created', { fileId, name, size });
  }

  private async find(ownerId: string, id: string): Promise<UploadRecord> {
    const upload = await this.options.sql.uploads.find(id);
    if (upload?.ownerId !== ownerId) throw new NotFound();
    return this.aged(upload);
  }

  private async findOpen(ownerId: string, id: string): Promise<UploadRecord> {
    const upload = await this.find(ownerId, id);
    if (upload.state === 'complete') throw new Conflict('The upload is complete.');
    if (upload.state !== 'open') throw new Gone(`The upload is ${upload.state}.`);
    return upload;
  }

  /** An upload past its time is expired, whether the clean-up has come round or not. */
  private aged(upload: UploadRecord): UploadRecord {
    // Pieces end with their whole.
    const isAlone = upload.sealedSha256 === null && upload.joinedTo === null;
    const late = upload.state === 'open' && isAlone && upload.expiresAt <= this.options.now();
    return late ? { ...upload, state: 'expired' } : upload;
  }

  private async stateOf(upload: UploadRecord): Promise<UploadState> {
    const { sql } = this.options;
    const [extents, file] = await Promise.all([
      sql.extents.listOf(upload.id),
      upload.fileId === null ? null : sql.files.find(upload.fileId),
    ]);
    return { upload, extents, file };
  }
}

function requireOwnBytes({ joinedTo, pieceCount }: UploadRecord): void {
  if (joinedTo !== null || pieceCount !== null)
    throw new Conflict('The upload is made of pieces that are whole.');
}

function requireSize(upload: UploadRecord): void {
  if (upload.sizeDeferred) throw new Conflict('It is not known yet how long this upload will be.');
}

function requireDigest(expected: string | undefined, actual: string): void {
  if (expected !== undefined && expected !== actual) {
    throw new DigestMismatch(`The SHA-256 of the whole is ${actual}.`);
  }
}
