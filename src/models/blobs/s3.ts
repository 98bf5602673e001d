import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { MemoryReader } from '../../bytes/memory-reader';
import { isSmall, SmallFiles } from '../../bytes/small-files';
import { assertPosition } from '../../bytes/span';
import { NotFound, Unavailable } from '../../errors';
import {
  type BlobHashes,
  type BlobReader,
  type BlobStore,
  type ByteSource,
  type PartHashes,
  type Piece,
  type StoredItem,
} from './index';
import { isPartId } from './names';
import { assemble } from './s3/assembling';
import { type Bucket, type BucketOptions, createBucket } from './s3/bucket';
import { matches } from './s3/comparing';
import { keys, sha256Of } from './s3/keys';
import { listParts } from './s3/listing';
import { HashedParts } from './s3/part-hashes';
import { MOST_EXTENT, PartObjects, type SealedPart } from './s3/part-objects';
import { ObjectReader, readObject, readSegments } from './s3/reading';
import { contiguousEnd } from './s3/segments';
import { Spool } from './s3/spool';

export interface S3BlobsOptions extends BucketOptions {
  /** Where bytes wait on their way; made when it is missing. */
  spoolDirectory: string;
}

/**
 * Opens a blob store in a bucket of S3-compatible object storage. The bucket need not answer yet: then every method
 * rejects with `Unavailable` until it does.
 *
 * Each stretch of a part that is written is an object of its own, and never changed: what has come survives whatever
 * happens to this process, any process can go on with a part, and nothing that comes late can change what was hashed.
 * A part becomes a blob by being put together within the storage. Multipart uploads would not do: their parts cannot be
 * read before the end, when the content's name has to be known.
 * @throws errors of the file system when the folder cannot be made
 */
export async function openS3Blobs(options: S3BlobsOptions): Promise<BlobStore> {
  await mkdir(options.spoolDirectory, { recursive: true });
  return new S3Blobs(await createBucket(options), options.spoolDirectory);
}

class S3Blobs implements BlobStore {
  readonly form = 'S3';
  readonly location: string;
  private readonly parts: PartObjects;
  private readonly hashed: HashedParts;
  private readonly small = new SmallFiles();
  private closed = false;

  constructor(
    private readonly bucket: Bucket,
    private readonly spoolDirectory: string,
  ) {
    this.location = bucket.location;
    this.parts = new PartObjects(bucket);
    this.hashed = new HashedParts(bucket, this.parts);
  }

  ping(): Promise<void> {
    if (this.closed) return Promise.reject(new Unavailable('The blob store is closed.'));
    return this.bucket.ping();
  }

  close(): Promise<void> {
    this.closed = true;
    this.hashed.close();
    this.bucket.close();
    return Promise.resolve();
  }

  /** Object storage does not say where its end is. */
  freeBytes(): Promise<number> {
    return Promise.resolve(Number.MAX_SAFE_INTEGER);
  }

  async createPart(id: string, size: number | null): Promise<void> {
    await this.parts.create(id, { size, pieces: null });
  }

  async hasPart(id: string): Promise<boolean> {
    return this.parts.has(id);
  }

  async writePart(id: string, start: number, source: ByteSource): Promise<number> {
    assertPosition(start);
    const spool = await Spool.fill(this.spoolDirectory, MOST_EXTENT, source);
    try {
      const sizes = spool.stretches.map(({ size }) => size);
      const names = await this.parts.nextKeys(id, start, sizes);
      for (const [index, stretch] of spool.stretches.entries()) {
        await this.bucket.write(names[index] ?? '', spool.body(stretch));
      }
      await this.parts.confirm(id, names);
      return spool.bytes;
    } finally {
      await spool.close();
    }
  }

  async partMatches(id: string, start: number, source: ByteSource): Promise<boolean> {
    assertPosition(start);
    const segments = await this.parts.segments(id);
    const end = contiguousEnd(segments, start);
    return matches(readSegments(this.bucket, segments, start, end), source);
  }

  async *readPart(id: string, start: number, end: number): ByteSource {
    const segments = await this.parts.segments(id, { start, end });
    if (start < end) yield* readSegments(this.bucket, segments, start, end);
  }

  hashAlong(id: string, end: number): void {
    if (!this.closed && isPartId(id)) this.hashed.advance(id, end);
  }

  async hashPart(id: string, size: number): Promise<PartHashes> {
    const { sealed, sha256, crc32: sum } = await this.hashed.finish(id, size);
    await this.parts.seal(id, sealed);
    return { sha256, crc32: sum };
  }

  async joinParts(id: string, pieces: Piece[]): Promise<void> {
    await this.parts.join(id, pieces);
    for (const piece of pieces) this.hashed.forget(piece.id);
  }

  async publishPart(id: string, sha256: string): Promise<void> {
    const key = keys.blob(sha256);
    const sealed = await this.sealed(id);
    const size = await this.bucket.sizeOf(key);
    if (!sealed && size === null) throw new NotFound('There is no such part.');
    // A blob of another size is damaged, since the name is the hash: the part then takes its place.
    if (sealed && size !== sealed.size) await this.assemble(id, sealed, key);
    await this.discardPart(id);
  }

  async discardPart(id: string): Promise<void> {
    this.hashed.forget(id);
    await this.parts.remove(id);
  }

  listParts(): AsyncIterable<StoredItem> {
    return listParts(this.bucket);
  }

  async openBlob(sha256: string): Promise<BlobReader> {
    const key = keys.blob(sha256);
    const kept = this.small.get(sha256);
    if (kept) return new MemoryReader(kept.bytes);
    const size = await this.bucket.sizeOf(key);
    if (size === null) throw new NotFound('The stored bytes are not there.');
    if (!isSmall(size)) return new ObjectReader(this.bucket, key, size);
    const bytes = await this.bucket.readSmall(key);
    if (!bytes) throw new NotFound('The stored bytes are not there.');
    // Under its name a blob can never be another content.
    this.small.set(sha256, { bytes });
    return new MemoryReader(bytes);
  }

  async hasBlob(sha256: string): Promise<boolean> {
    return (await this.bucket.sizeOf(keys.blob(sha256))) !== null;
  }

  /** The pieces that arrive from the network are small, so that hashing them holds nobody up. */
  async hashBlob(sha256: string, pieceSize: number): Promise<BlobHashes> {
    const key = keys.blob(sha256);
    const size = await this.bucket.sizeOf(key);
    if (size === null) throw new NotFound('The stored bytes are not there.');
    const pieces: string[] = [];
    let sum = 0;
    let hash = createHash('sha256');
    let room = pieceSize;
    for await (const bytes of readObject(this.bucket, key, 0, size)) {
      sum = crc32(bytes, sum);
      for (let taken = 0; taken < bytes.length;) {
        const part = bytes.subarray(taken, taken + room);
        hash.update(part);
        taken += part.length;
        room -= part.length;
        if (room > 0) continue;
        pieces.push(hash.digest('hex'));
        hash = createHash('sha256');
        room = pieceSize;
      }
    }
    if (room < pieceSize) pieces.push(hash.digest('hex'));
    return { pieces, crc32: sum };
  }

  async deleteBlob(sha256: string): Promise<void> {
    this.small.delete(sha256);
    await this.bucket.delete([keys.blob(sha256)]);
  }

  async *listBlobs(): AsyncGenerator<StoredItem> {
    for await (const { key, modifiedAt } of this.bucket.list(keys.blobs)) {
      const id = sha256Of(key);
      if (id !== null) yield { id, modifiedAt };
    }
  }

  /**
   * What the part consists of: the bytes that were hashed, or all that is there when it was never asked for their hash.
   * @returns null when there is no such part
   */
  private async sealed(id: string): Promise<SealedPart | null> {
    const marker = await this.parts.markerOf(id);
    if (!marker) return null;
    const sealed = await this.parts.sealed(id);
    if (sealed) return sealed;
    const segments = await this.parts.segments(id);
    const end = contiguousEnd(segments, 0);
    const size = marker.size ?? segments.at(-1)?.end ?? 0;
    if (end !== size) throw new NotFound(`The part has ${end} bytes instead of ${size}.`);
    return { size, segments };
  }

  private async assemble(id: string, sealed: SealedPart, key: string): Promise<void> {
    try {
      await assemble(this.bucket, id, sealed, key);
    } catch (error) {
      // Somebody else may have published the same part meanwhile.
      if ((await this.bucket.sizeOf(key)) !== sealed.size) throw error;
    }
  }
}
