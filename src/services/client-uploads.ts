import { createHash } from 'node:crypto';
import { ChunkConflict, Gone } from '../errors';
import type { BlobStore, ByteSource } from '../models/blobs';
import type { KeyValueStore } from '../models/keyvalue';
import type { Extent, FileRecord, SqlStore } from '../models/sql';
import { alone } from './alone';
import { checkedSource } from './checked-source';
import { openStored } from './open-content';
import { sameBytes } from './same-bytes';
import type { NewUpload } from './upload-draft';
import type { Uploads, UploadState } from './uploads';

/** Below the time that a request body may stand still. */
const WAIT_MS = 20_000;

/** By which a client that knows no ids finds its upload again: whose it is, and what the client calls it. */
export interface ClientName {
  ownerId: string;
  clientKey: string;
}

type Draft = Omit<NewUpload, 'clientKey'>;

interface ClientUploadsOptions {
  sql: SqlStore;
  blobs: BlobStore;
  keyvalue: KeyValueStore;
  uploads: Uploads;
}

/**
 * What other people's clients say of a file, as a key. It tells a user's uploads apart and says nothing of their
 * content: what is sent under it is compared all the same.
 * @param door which protocol it is
 */
export function clientName(ownerId: string, door: string, ...said: (string | number)[]): ClientName {
  const clientKey = createHash('sha256')
    .update(JSON.stringify([door, ...said]))
    .digest('hex');
  return { ownerId, clientKey };
}

/** Uploads by what clients call them. Of each name there is one at a time that is open, however many requests begin it. */
export class ClientUploads {
  constructor(private readonly options: ClientUploadsOptions) {}

  /** The newest upload of that name: open, or complete with its file there; null when there is none. */
  async find({ ownerId, clientKey }: ClientName): Promise<UploadState | null> {
    const { sql, uploads } = this.options;
    const newest = await sql.uploads.findByClientKey(ownerId, clientKey);
    if (!newest) return null;
    try {
      const state = await uploads.get(ownerId, newest.id);
      return state.upload.state === 'complete' && !state.file ? null : state;
    } catch (error) {
      if (error instanceof Gone) return null;
      throw error;
    }
  }

  /**
   * The upload of that name, or a new one.
   * @param counts whether one that is there will do; any does unless given
   * @throws those of `Uploads.create`
   */
  async findOrCreate(
    name: ClientName,
    draft: Draft,
    counts: (state: UploadState) => boolean = () => true,
  ): Promise<UploadState> {
    const found = await this.find(name);
    if (found && counts(found)) return found;
    return this.alone(name, async (lost) => {
      const meanwhile = await this.find(name);
      if (meanwhile && counts(meanwhile)) return meanwhile;
      lost.throwIfAborted();
      return this.create(name, draft);
    });
  }

  /** A new upload of that name; to be called by who is alone with it. @throws those of `Uploads.create` */
  create({ ownerId, clientKey }: ClientName, draft: Draft): Promise<UploadState> {
    return this.options.uploads.create(ownerId, { ...draft, clientKey });
  }

  /** Runs `work` while nobody else does anything under that name. @throws `Conflict` */
  alone<T>({ ownerId, clientKey }: ClientName, work: (lost: AbortSignal) => Promise<T>): Promise<T> {
    return alone(this.options.keyvalue, `client:${ownerId}:${clientKey}`, WAIT_MS, work);
  }

  /**
   * Takes bytes that should be those of a file already: the answer to them was lost.
   * @throws `ChunkConflict` when they are others, `InvalidRequest` or `TooLarge` when they are not so many
   */
  async requireSame(file: FileRecord, { start, end }: Extent, body: ByteSource): Promise<void> {
    if (end > file.size)
      throw new ChunkConflict(`File ${file.id} came of this upload, and ends before that.`);
    const source = checkedSource(body, { length: end - start, digests: [] });
    const reader = await openStored(this.options.blobs, file.sha256);
    try {
      if (await sameBytes(source, reader.read(start, end))) return;
    } finally {
      await reader.close();
    }
    throw new ChunkConflict(`File ${file.id} came of this upload, and has other bytes there.`);
  }
}
