import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { NotFound, TooLarge } from '../errors';
import type { BlobStore, ByteSource } from '../models/blobs';
import type { FileRecord, Page, SqlStore, Visibility } from '../models/sql';
import type { Attachments } from './attachments';
import type { EventPublisher } from './events';
import type { FreeSpace } from './free-space';
import { cleanFileName } from './http/file-names';
import { newId } from './ids';
import { mediaTypeOf } from './media-type-of';
import { openStored, type OpenContent } from './open-content';
import type { Quotas } from './quotas';
import type { Clock } from './runtime';

/** Bytes that were taken in one request and are not a file yet. */
export interface StagedContent {
  partId: string;
  sha256: string;
  crc32: number;
  /** Bytes. */
  size: number;
}

export interface FileAttributes {
  name: string;
  type?: string | undefined;
  visibility?: Visibility | undefined;
}

/** A file that is open for reading; whoever gets it closes the reader. */
export interface OpenFile extends OpenContent {
  file: FileRecord;
}

interface FilesOptions {
  sql: SqlStore;
  blobs: BlobStore;
  attachments: Attachments;
  events: EventPublisher;
  quotas: Quotas;
  freeSpace: FreeSpace;
  /** Bytes of a file that comes in one request. */
  maxFormFileBytes: number;
  now: Clock;
}

/** Finished files: listed, read, renamed, shared, deleted. A viewer is a user's id, or null for anybody. */
export class Files {
  constructor(private readonly options: FilesOptions) {}

  /** @throws `NotFound` also for what the viewer may not read */
  async get(viewerId: string | null, id: string): Promise<FileRecord> {
    const file = await this.options.sql.files.find(id);
    if (!file || !(await this.isReadable(file, viewerId))) throw new NotFound();
    return file;
  }

  /** The files of these ids in their order, null for each that is not there or not the viewer's to read. */
  async getMany(viewerId: string | null, ids: string[]): Promise<(FileRecord | null)[]> {
    const found = new Map((await this.options.sql.files.findMany(ids)).map((file) => [file.id, file]));
    const readable = ids.map(async (id) => {
      const file = found.get(id);
      return file && (await this.isReadable(file, viewerId)) ? file : null;
    });
    return Promise.all(readable);
  }

  list(ownerId: string, page: Page & { q?: string }): Promise<FileRecord[]> {
    return this.options.sql.files.listOf(ownerId, page);
  }

  /** @throws `NotFound` unless the user owns it */
  async update(
    ownerId: string,
    id: string,
    patch: { name?: string | undefined; visibility?: Visibility | undefined },
  ): Promise<FileRecord> {
    await this.getOwn(ownerId, id);
    await this.options.sql.files.update(
      id,
      {
        ...(patch.name !== undefined && { name: cleanFileName(patch.name) }),
        ...(patch.visibility !== undefined && { visibility: patch.visibility }),
      },
      this.options.now(),
    );
    return this.getOwn(ownerId, id);
  }

  /**
   * Deletes the file; its bytes go after a grace period unless another file has the same.
   * @throws `NotFound`, `Conflict` naming the documents that use it
   */
  async delete(ownerId: string, id: string): Promise<void> {
    const { sql, attachments, events, now } = this.options;
    const file = await this.getOwn(ownerId, id);
    await attachments.release(id);
    const deleted = await sql.transaction(async (tables) => {
      if (!(await tables.files.delete(id))) return false;
      await tables.links.revokeAllOf(id, now());
      await tables.blobs.dropReference(file.sha256, now());
      return true;
    });
    if (!deleted) throw new NotFound();
    await events.publish(`user:${ownerId}`, 'file.deleted', { fileId: id });
  }

  /** @throws `NotFound`, `Internal` when the bytes of a file that is there are lost */
  async open(viewerId: string | null, id: string): Promise<OpenFile> {
    const file = await this.get(viewerId, id);
    const { name, type, size, sha256, createdAt } = file;
    const reader = await openStored(this.options.blobs, sha256);
    return { file, name, type, size, sha256, etag: etagOf(file), lastModified: createdAt, reader };
  }

  /**
   * Takes the bytes of a file that comes in one request, piece by piece. What is staged becomes a file by `create` or
   * goes by `discard`; after a crash the clean-up takes it.
   * @param announced how many bytes the request brings, so that it is refused before they come
   * @throws `TooLarge`, `OutOfSpace`
   */
  async stage(source: ByteSource, announced: number): Promise<StagedContent> {
    const { blobs, freeSpace, maxFormFileBytes } = this.options;
    await freeSpace.require(announced);
    const partId = newId();
    const hashes = { sha256: createHash('sha256'), crc32: 0 };
    try {
      await blobs.createPart(partId, null);
      const size = await blobs.writePart(partId, 0, hashed(source, hashes, maxFormFileBytes));
      return { partId, size, sha256: hashes.sha256.digest('hex'), crc32: hashes.crc32 };
    } catch (error) {
      await blobs.discardPart(partId);
      throw error;
    }
  }

  async discard(staged: StagedContent): Promise<void> {
    await this.options.blobs.discardPart(staged.partId);
  }

  /** Makes a file of staged content. @throws `QuotaExceeded`; the content is dropped then */
  async create(ownerId: string, attributes: FileAttributes, staged: StagedContent): Promise<FileRecord> {
    const { sql, blobs, events, quotas, now } = this.options;
    const name = cleanFileName(attributes.name);
    const file: FileRecord = {
      id: newId(),
      ownerId,
      sha256: staged.sha256,
      size: staged.size,
      name,
      type: mediaTypeOf(attributes.type, name),
      visibility: attributes.visibility ?? 'private',
      createdAt: now(),
      updatedAt: now(),
    };
    try {
      await sql.transaction(async (tables) => {
        // Asked also here, because content that is in its place already takes room until the grace period is over.
        await quotas.require(tables, ownerId, staged.size);
        await tables.blobs.announce(staged.sha256, staged.size, now(), staged.crc32);
      });
      await blobs.publishPart(staged.partId, staged.sha256);
      await sql.transaction(async (tables) => {
        await quotas.require(tables, ownerId, staged.size);
        if (!(await tables.blobs.addReference(staged.sha256))) {
          throw new Error(`the row of blob ${staged.sha256} is gone`);
        }
        await tables.files.insert(file);
      });
    } catch (error) {
      await this.discard(staged);
      throw error;
    }
    await events.publish(`user:${ownerId}`, 'file.created', { fileId: file.id, name, size: file.size });
    return file;
  }

  /** What is attached to a document has the document's readers, too. */
  private async isReadable(file: FileRecord, viewerId: string | null): Promise<boolean> {
    if (file.ownerId === viewerId || file.visibility === 'public') return true;
    return this.options.attachments.isPublished(file.id);
  }

  /** @throws `NotFound` unless the user owns it */
  async getOwn(ownerId: string, id: string): Promise<FileRecord> {
    const file = await this.get(ownerId, id);
    if (file.ownerId !== ownerId) throw new NotFound();
    return file;
  }
}

/** The entity tag of a file's content, by which a download that broke off goes on. */
export function etagOf({ sha256 }: FileRecord): string {
  return `"${sha256}"`;
}

interface RunningHashes {
  sha256: ReturnType<typeof createHash>;
  crc32: number;
}

/** Passes the bytes on, at most so many, and takes them into the hashes. */
async function* hashed(source: ByteSource, hashes: RunningHashes, most: number): ByteSource {
  let size = 0;
  for await (const piece of source) {
    size += piece.length;
    if (size > most)
      throw new TooLarge(`A file in one request may have at most ${most} bytes; use an upload for more.`);
    hashes.sha256.update(piece);
    hashes.crc32 = crc32(piece, hashes.crc32);
    yield piece;
  }
}
