import { createCipheriv, createHash } from 'node:crypto';
import type { BlobStore, StoredItem } from '../../../src/models/blobs';

export interface BlobsUnderTest {
  store: BlobStore;
  /** Bytes of a chunk that this form takes; starts are multiples of it, and only the last chunk is shorter. */
  chunkSize: number;
  /** Removes what the tests left. */
  dispose(): Promise<void>;
}

/** In lower-case hexadecimal. */
export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The bytes in pieces whose sizes go round, all of them in one buffer that is used again, as a source may. */
export async function* inPieces(bytes: Uint8Array, sizes = [64 * 1024]): AsyncGenerator<Uint8Array> {
  const reused = Buffer.alloc(Math.max(...sizes));
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const piece = bytes.subarray(at, at + sizes[i % sizes.length]!);
    reused.set(piece);
    yield reused.subarray(0, piece.length);
    at += piece.length;
    await Promise.resolve();
  }
}

/** All bytes; copied, because a piece is valid only until the next one is asked for. */
export async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of source) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

/** Sorted. */
export async function collectIds(list: AsyncIterable<StoredItem>): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of list) ids.push(id);
  return ids.sort();
}

/** The store under test and the steps that tests take with it. */
export class BlobsBench {
  private under: BlobsUnderTest | null = null;
  private seed = 0;

  use(under: BlobsUnderTest): void {
    this.under = under;
  }

  async dispose(): Promise<void> {
    const under = this.under;
    this.under = null;
    await under?.store.close();
    await under?.dispose();
  }

  get store(): BlobStore {
    return this.under!.store;
  }

  get chunkSize(): number {
    return this.under!.chunkSize;
  }

  /** Bytes without a pattern, others each time, the same ones in every run. */
  fresh(length: number): Buffer {
    const key = Buffer.alloc(16);
    key.writeUInt32LE(++this.seed);
    return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
  }

  write(id: string, start: number, bytes: Uint8Array, pieceSizes?: number[]): Promise<number> {
    return this.store.writePart(id, start, inPieces(bytes, pieceSizes));
  }

  writeChunk(id: string, content: Uint8Array, index: number, pieceSizes?: number[]): Promise<number> {
    const start = index * this.chunkSize;
    return this.write(id, start, content.subarray(start, start + this.chunkSize), pieceSizes);
  }

  /** Makes a part of these bytes, written chunk by chunk. */
  async fill(id: string, content: Uint8Array): Promise<void> {
    await this.store.createPart(id, content.length);
    for (let i = 0; i * this.chunkSize < content.length; i++) await this.writeChunk(id, content, i);
  }

  /** @returns the name of a published blob of these bytes */
  async publish(id: string, content: Uint8Array): Promise<string> {
    await this.fill(id, content);
    const { sha256: hash } = await this.store.hashPart(id, content.length);
    await this.store.publishPart(id, hash);
    return hash;
  }

  async readBlob(hash: string, start?: number, end?: number): Promise<Buffer> {
    const reader = await this.store.openBlob(hash);
    try {
      return await collect(reader.read(start ?? 0, end ?? reader.size));
    } finally {
      await reader.close();
    }
  }
}
