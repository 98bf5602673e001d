import { ChunkConflict, Conflict, Unavailable } from '../errors';
import type { ByteSource } from '../models/blobs';
import type { Extent, SqlStore, UploadRecord } from '../models/sql';
import { covers } from './chunk-grid';
import { clientName, type ClientName, type ClientUploads } from './client-uploads';
import type { Ledger } from './ledger';
import type { Clock } from './runtime';
import type { Uploads, UploadState } from './uploads';

/**
 * How long after its completion, or after the last repeated chunk, an upload still answers for its chunks. A client
 * that never saw the answer to a chunk sends it again at once.
 */
const REPEATS_MS = 2 * 60_000;

/** So long must an upload stand still for its first chunk to be asked for again. */
const STILL_MS = 10 * 60_000;

const RETRY_SECONDS = 2;

/** One chunk of a client of the resumable.js family, with what comes along of the whole. */
export interface ResumableChunk {
  /** The client's; by default made of the size and the ASCII of the name, and so no identity of anything. */
  identifier: string;
  name: string;
  /** With the folders, where the client sends a folder. */
  relativePath: string;
  /** Media type of the whole, where the client says it. */
  type: string | undefined;
  /** Bytes of the whole. */
  size: number;
  /** Bytes of every chunk but the last. */
  chunkSize: number;
  extent: Extent;
}

interface ResumableUploadsOptions {
  sql: SqlStore;
  ledger: Ledger;
  uploads: Uploads;
  clientUploads: ClientUploads;
  /** How long an upload waits for its next bytes. */
  waitMs: number;
  now: Clock;
}

/**
 * Uploads of the resumable.js family: each chunk says what it is a part of, and nobody says when it is the last.
 *
 * These clients tell files apart by name and size, so that a changed file of the same size looks like the old one. Two
 * things keep them from being mixed. What is sent is compared with what is there, and refused when it differs. And
 * chunks that a client has only asked for, and then leaves out, are trusted while its upload moves; once it has stood
 * still, the first chunk is asked for again, because that is where most files of one kind differ.
 */
export class ResumableUploads {
  constructor(private readonly options: ResumableUploadsOptions) {}

  /** Whether the chunk need not be sent. */
  async has(ownerId: string, chunk: ResumableChunk): Promise<boolean> {
    const state = await this.options.clientUploads.find(nameOf(ownerId, chunk));
    if (state?.upload.state !== 'open') return false;
    const { extent } = chunk;
    if (!covers(state.extents, extent) || extent.start === extent.end) return false;
    return extent.start > 0 || !this.standsStill(state);
  }

  /**
   * Takes a chunk; with the last one that was missing the upload becomes a file.
   *
   * A name and a size say nothing of the content, so the same ones come again: as a repeated chunk, whose answer was
   * lost, or as a new upload. For a while after the completion equal bytes are taken for the former, and other bytes
   * are refused; each repeated chunk prolongs it, so that a client that sends a whole file again comes to its end.
   * @throws those of `Uploads.create`, `Ledger.receive` and `Uploads.complete`
   */
  async put(ownerId: string, chunk: ResumableChunk, body: ByteSource): Promise<UploadState> {
    const { sql, uploads, clientUploads, now } = this.options;
    const { name, type, size, chunkSize, extent } = chunk;
    const state = await clientUploads.findOrCreate(
      nameOf(ownerId, chunk),
      { name, type, size, chunkSize, completion: 'itself' },
      (found) => found.upload.state === 'open' || this.answersRepeats(found),
    );
    const { upload, file } = state;
    if (file) {
      await clientUploads.requireSame(file, extent, body);
      await sql.uploads.setClientState(upload.id, now().toISOString());
      return state;
    }
    const extents = await this.receive(upload, extent, body);
    if (!covers(extents, { start: 0, end: size })) return { upload, extents, file: null };
    await uploads.complete(ownerId, upload.id, undefined);
    return uploads.get(ownerId, upload.id);
  }

  private async receive(upload: UploadRecord, extent: Extent, body: ByteSource): Promise<Extent[]> {
    try {
      return await this.options.ledger.receive(upload, extent, body, []);
    } catch (error) {
      if (error instanceof ChunkConflict) {
        throw new ChunkConflict(`Upload ${upload.id} has other bytes there: end it to send another file.`, {
          cause: error,
        });
      }
      // Somebody else sends the same chunk, or has just completed the upload: soon there is an answer.
      if (error instanceof Conflict) throw new Unavailable('Send the chunk again.', error, RETRY_SECONDS);
      throw error;
    }
  }

  private answersRepeats({ upload, file }: UploadState): boolean {
    if (!file) return false;
    const last = upload.clientState === null ? file.createdAt : new Date(upload.clientState);
    return this.options.now().getTime() < last.getTime() + REPEATS_MS;
  }

  private standsStill({ upload }: UploadState): boolean {
    const lastByteAt = upload.expiresAt.getTime() - this.options.waitMs;
    return this.options.now().getTime() > lastByteAt + STILL_MS;
  }
}

function nameOf(ownerId: string, chunk: ResumableChunk): ClientName {
  const { identifier, name, relativePath, size, chunkSize } = chunk;
  return clientName(ownerId, 'resumable', identifier, name, relativePath, size, chunkSize);
}
