import { Conflict, InvalidRequest, TooLarge } from '../errors';
import type { BlobStore, ByteSource } from '../models/blobs';
import type { Extent, FileRecord, UploadRecord } from '../models/sql';
import { checkedSource } from './checked-source';
import { cutOf, NOTHING_CUT, placeChunk, type Chunk, type Placing } from './chunk-placing';
import type { ClientName, ClientUploads } from './client-uploads';
import type { FreeSpace } from './free-space';
import { newId } from './ids';
import type { Admission, Ledger } from './ledger';
import type { Quotas } from './quotas';

/** The bytes of a chunk, until it is known which chunk of what it is. */
export interface SpooledChunk {
  partId: string;
  /** Bytes. */
  length: number;
}

interface UnsizedChunksOptions {
  blobs: BlobStore;
  ledger: Ledger;
  clientUploads: ClientUploads;
  quotas: Quotas;
  freeSpace: FreeSpace;
  maxFileBytes: number;
  maxChunkBytes: number;
}

/**
 * Chunks of clients that say neither how long the whole is nor how it is cut. Where a chunk belongs follows from the
 * others; one that comes before anything is known waits behind the largest possible file, in the same part.
 */
export class UnsizedChunks {
  constructor(private readonly options: UnsizedChunksOptions) {}

  /**
   * Takes the bytes of a chunk aside. What is spooled goes by `discard`; after a crash the clean-up takes it.
   * @param announced how many bytes the request brings
   * @throws `TooLarge`, `OutOfSpace`
   */
  async spool(body: ByteSource, announced: number): Promise<SpooledChunk> {
    const { blobs, freeSpace, maxChunkBytes } = this.options;
    await freeSpace.require(Math.min(announced, maxChunkBytes));
    const partId = newId();
    try {
      await blobs.createPart(partId, null);
      const source = checkedSource(body, { length: null, most: maxChunkBytes, digests: [] });
      return { partId, length: await blobs.writePart(partId, 0, source) };
    } catch (error) {
      await blobs.discardPart(partId);
      throw error;
    }
  }

  discard({ partId }: SpooledChunk): Promise<void> {
    return this.options.blobs.discardPart(partId);
  }

  /**
   * Puts a chunk where it belongs. Once it has, it survives a crash.
   * @param fileName of the whole, should this be the first chunk
   * @returns the file, when the chunk is one of an upload that is merged already
   * @throws `Conflict` when its length does not go with the others, `ChunkConflict` when other bytes are there,
   *   `TooLarge`, those of `Uploads.create` and `Ledger.receive`
   */
  put(
    client: ClientName,
    index: number,
    spooled: SpooledChunk,
    fileName: string,
  ): Promise<FileRecord | null> {
    const { clientUploads, ledger } = this.options;
    const chunk = { index, length: spooled.length };
    // Nothing but an empty file has an empty chunk.
    if (chunk.length === 0 && index > 0)
      throw InvalidRequest.of([{ path: 'chunk', message: 'should not be empty' }]);
    return clientUploads.alone(client, async (lost) => {
      const draft = { name: fileName, size: null, clientState: JSON.stringify(NOTHING_CUT) };
      const found = await clientUploads.find(client);
      lost.throwIfAborted();
      const { upload, file } = found ?? (await clientUploads.create(client, draft));
      const placing = placeChunk(cutOf(upload), chunk);
      const extent = this.extentOf(placing.start, chunk);
      const bytes = this.options.blobs.readPart(spooled.partId, 0, spooled.length);
      if (file) {
        await clientUploads.requireSame(file, extent, bytes);
        return file;
      }
      this.requireRoom(upload, placing, chunk);
      await this.settle(upload, placing);
      await ledger.receive(upload, extent, bytes, [], this.admission(upload, placing));
      return null;
    });
  }

  /** Moves the chunk that waited to its place. What was acknowledged is there at every moment. */
  private async settle(upload: UploadRecord, placing: Placing): Promise<void> {
    if (!placing.settled) return;
    const { blobs, ledger } = this.options;
    const { chunk, start } = placing.settled;
    const waiting = this.extentOf(null, chunk);
    const bytes = blobs.readPart(upload.id, waiting.start, waiting.end);
    const admit = this.admission(upload, placing);
    await ledger.receive(upload, this.extentOf(start, chunk), bytes, [], async (tables, end) => {
      await tables.extents.clear(upload.id);
      await admit(tables, end);
    });
  }

  /** Counts what comes against the quota, and keeps what is known of the chunks. */
  private admission(upload: UploadRecord, { cut }: Placing): Admission {
    const { quotas, maxFileBytes } = this.options;
    return async (tables, end) => {
      // Of a chunk that waits, the length is all that is known.
      const size = end > maxFileBytes ? end - maxFileBytes : end;
      const known = (await tables.uploads.find(upload.id))?.size ?? 0;
      if (upload.sizeDeferred && size > known) {
        await quotas.require(tables, upload.ownerId, size - known);
        await tables.uploads.grow(upload.id, size);
      }
      await tables.uploads.setClientState(upload.id, JSON.stringify(cut));
    };
  }

  private extentOf(place: number | null, { length }: Chunk): Extent {
    const start = place ?? this.options.maxFileBytes;
    return { start, end: start + length };
  }

  private requireRoom(upload: UploadRecord, { start, settled }: Placing, { length }: Chunk): void {
    const { maxFileBytes } = this.options;
    const end = Math.max(
      start === null ? 0 : start + length,
      settled ? settled.start + settled.chunk.length : 0,
    );
    if (end > maxFileBytes) throw new TooLarge(`A file may have at most ${maxFileBytes} bytes.`);
    if (!upload.sizeDeferred && end > upload.size) throw new Conflict(`The upload has ${upload.size} bytes.`);
  }
}
