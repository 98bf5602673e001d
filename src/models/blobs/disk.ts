import { constants } from 'node:fs';
import fs from 'node:fs/promises';
import { BufferPool } from '../../bytes/buffer-pool';
import { createReadBuffers, FileReader } from '../../bytes/file-reader';
import { NotFound, Unavailable } from '../../errors';
import { BlobFiles } from './disk/blob-files';
import { Hasher } from './disk/hasher';
import { Layout } from './disk/layout';
import { join } from './disk/joining';
import { listBlobs, listParts } from './disk/listing';
import { type Datasync, PartFiles } from './disk/part-files';
import { publish } from './disk/publishing';
import { contentSize } from './disk/segments';
import { makeFolder, storage, syncFolder } from './disk/system';
import { sourceMatches, writeSource } from './disk/writing';
import {
  type BlobHashes,
  type BlobReader,
  type BlobStore,
  type ByteSource,
  type PartHashes,
  type Piece,
  type StoredItem,
  SyncFailed,
} from './index';

/** Bytes of one write: above 256 KiB the gain is in the noise. */
const WRITE_BYTES = 256 * 1024;

export interface DiskBlobsOptions {
  /** Made when it is missing. One file system, because publishing renames. */
  directory: string;
  /** Makes an open file's bytes survive a power cut; `fdatasync` unless given. */
  datasync?: Datasync;
  /** False leaves it to the system when bytes are written to the medium: then a power cut may lose them. */
  sync?: boolean;
}

/**
 * Opens a blob store in a folder of the local disk.
 * @throws what the file system says when the folders cannot be made
 */
export async function openDiskBlobs({
  directory,
  datasync = (handle) => handle.datasync(),
  sync = true,
}: DiskBlobsOptions): Promise<BlobStore> {
  const layout = new Layout(directory);
  await makeFolder(layout.parts);
  await makeFolder(layout.blobs);
  await syncFolder(layout.directory);
  return new DiskBlobs(layout, sync ? datasync : () => Promise.resolve());
}

class DiskBlobs implements BlobStore {
  readonly form = 'local disk';
  readonly location: string;
  private readonly parts: PartFiles;
  private readonly hasher = new Hasher();
  private readonly pool = new BufferPool(WRITE_BYTES);
  private readonly readBuffers = createReadBuffers();
  private readonly files: BlobFiles;

  constructor(
    private readonly layout: Layout,
    datasync: Datasync,
  ) {
    this.location = layout.directory;
    this.parts = new PartFiles(layout, datasync);
    this.files = new BlobFiles(layout, this.readBuffers);
  }

  async ping(): Promise<void> {
    for (const folder of [this.layout.parts, this.layout.blobs]) {
      try {
        // The trailing slash makes it an error when this is no folder.
        await fs.access(`${folder}/`, constants.R_OK | constants.W_OK | constants.X_OK);
      } catch (error) {
        throw new Unavailable('The upload folder cannot be written.', error);
      }
    }
  }

  close(): Promise<void> {
    return this.hasher.close();
  }

  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await fs.statfs(this.layout.directory);
    return bavail * bsize;
  }

  async createPart(id: string, size: number | null): Promise<void> {
    const file = this.layout.part(id);
    const handle = await storage(fs.open(file, constants.O_RDWR | constants.O_CREAT));
    try {
      if (size !== null) await storage(handle.truncate(size));
      await handle.sync().catch((error: unknown) => {
        throw new SyncFailed(error);
      });
    } finally {
      await handle.close();
    }
    await syncFolder(this.layout.parts);
  }

  async hasPart(id: string): Promise<boolean> {
    const places = [this.layout.part(id), this.layout.joined(id)];
    return (await Promise.all(places.map(contentSize))).some((size) => size !== null);
  }

  writePart(id: string, start: number, source: ByteSource): Promise<number> {
    return this.parts.use(id, async (handle, part) => {
      const count = await writeSource(handle, part, this.pool, start, source);
      await part.sync();
      return count;
    });
  }

  partMatches(id: string, start: number, source: ByteSource): Promise<boolean> {
    return this.parts.use(id, (handle) => sourceMatches(handle, this.pool, start, source));
  }

  async *readPart(id: string, start: number, end: number): ByteSource {
    const file = this.layout.part(id);
    const reader = new FileReader(await storage(fs.open(file, 'r')), this.readBuffers, end);
    try {
      yield* reader.read(start, end);
    } finally {
      await reader.close();
    }
  }

  hashAlong(id: string, end: number): void {
    this.hasher.advance(this.layout.part(id), end);
  }

  async hashPart(id: string, size: number): Promise<PartHashes> {
    const joined = this.layout.joined(id);
    if ((await contentSize(joined)) === size) return this.hasher.finish(joined, size);
    await this.parts.use(id, async (handle) => {
      // What lies beyond the size is from writes that broke off, and must not become part of the blob.
      const found = (await handle.stat()).size;
      if (found > size) await handle.truncate(size);
    });
    return this.hasher.finish(this.layout.part(id), size);
  }

  async joinParts(id: string, pieces: Piece[]): Promise<void> {
    await join(this.layout, this.parts, id, pieces);
    for (const piece of pieces) this.forget(piece.id);
  }

  async publishPart(id: string, sha256: string): Promise<void> {
    await publish(this.layout, this.parts, id, sha256);
    this.forget(id);
  }

  async discardPart(id: string): Promise<void> {
    await fs.rm(this.layout.part(id), { force: true });
    await fs.rm(this.layout.joined(id), { recursive: true, force: true });
    this.forget(id);
  }

  listParts(): AsyncIterable<StoredItem> {
    return listParts(this.layout);
  }

  openBlob(sha256: string): Promise<BlobReader> {
    return this.files.open(sha256);
  }

  async hasBlob(sha256: string): Promise<boolean> {
    return (await contentSize(this.layout.blob(sha256))) !== null;
  }

  async hashBlob(sha256: string, pieceSize: number): Promise<BlobHashes> {
    const file = this.layout.blob(sha256);
    const size = await contentSize(file);
    if (size === null) throw new NotFound('The stored bytes are not there.');
    return this.hasher.pieces(file, size, pieceSize);
  }

  async deleteBlob(sha256: string): Promise<void> {
    this.files.forget(sha256);
    await fs.rm(this.layout.blob(sha256), { recursive: true, force: true });
  }

  listBlobs(): AsyncIterable<StoredItem> {
    return listBlobs(this.layout);
  }

  private forget(id: string): void {
    this.parts.forget(id);
    this.hasher.forget(this.layout.part(id));
    this.hasher.forget(this.layout.joined(id));
  }
}
