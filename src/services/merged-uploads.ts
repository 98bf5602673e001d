import { Conflict, Gone, InvalidRequest, UploadIncomplete } from '../errors';
import type { ByteSource } from '../models/blobs';
import type { Extent, FileRecord, SqlStore, UploadRecord } from '../models/sql';
import { missingChunks, type IndexRange } from './chunk-grid';
import { cutOf, indicesOf, placedChunks, type Cut } from './chunk-placing';
import { clientName, type ClientName, type ClientUploads } from './client-uploads';
import type { Files } from './files';
import { cleanFileName } from './http/file-names';
import type { Ledger } from './ledger';
import type { Uploads } from './uploads';

/** What a client that asks before it sends is told. */
export interface MergedStatus {
  /** The file that the upload became; then nothing needs to be sent. */
  file: FileRecord | null;
  /** Indices of the chunks that are there. */
  chunks: number[];
}

/** One chunk of a client that says how long the whole is. */
export interface SizedChunk {
  /** Of the file. */
  name: string;
  /** Bytes of the whole. */
  size: number;
  /** Bytes of every chunk but the last. */
  chunkSize: number;
  extent: Extent;
}

interface MergedUploadsOptions {
  sql: SqlStore;
  ledger: Ledger;
  uploads: Uploads;
  clientUploads: ClientUploads;
  files: Files;
  /** Whether content that is there already need not be sent. */
  instant: 'own' | 'proof' | 'off';
}

/** Uploads of clients that ask what is there, send chunks, and say at last that they shall be merged. */
export class MergedUploads {
  constructor(private readonly options: MergedUploadsOptions) {}

  async status(client: ClientName): Promise<MergedStatus> {
    const state = await this.options.clientUploads.find(client);
    if (!state) return { file: null, chunks: [] };
    const { upload, extents, file } = state;
    if (file) return { file: this.options.instant === 'off' ? null : file, chunks: [] };
    return { file: null, chunks: indicesOf(placedChunks(cutOf(upload), extents)) };
  }

  /**
   * Takes a chunk as it comes.
   * @throws `InvalidRequest` when it goes against what earlier chunks said, those of `Uploads.create` and
   *   `Ledger.receive`
   */
  async put(
    client: ClientName,
    { name, size, chunkSize, extent }: SizedChunk,
    body: ByteSource,
  ): Promise<void> {
    const { clientUploads, ledger } = this.options;
    const cut: Cut = { chunkSize, lone: null, last: null, highest: -1 };
    const draft = { name, size, chunkSize, clientState: JSON.stringify(cut) };
    const { upload, file } = await clientUploads.findOrCreate(client, draft);
    requireSaidBefore('totalSize', upload.size, size);
    requireSaidBefore('chunkSize', cutOf(upload).chunkSize, chunkSize);
    if (file) await clientUploads.requireSame(file, extent, body);
    else await ledger.receive(upload, extent, body, []);
  }

  /**
   * Makes the chunks a file; doing it again gives the same file.
   * @param chunkSize what the client says of its chunks
   * @throws `UploadIncomplete` naming the chunks that are missing, `Conflict` when the chunks are of another size,
   *   those of `Uploads.complete`
   */
  async merge(client: ClientName, chunkSize?: number): Promise<{ file: FileRecord; created: boolean }> {
    const { clientUploads, uploads } = this.options;
    const found = await clientUploads.alone(client, async () => {
      const state = await clientUploads.find(client);
      if (!state) throw new UploadIncomplete([[0, 0]]);
      const { upload, extents, file } = state;
      if (file) return state;
      const size = upload.sizeDeferred ? (extents.at(-1)?.end ?? 0) : upload.size;
      requireAll(upload, extents, size, chunkSize);
      if (upload.sizeDeferred) await this.declareSize(upload.id, size);
      return state;
    });
    if (found.file) return { file: found.file, created: false };
    return uploads.complete(client.ownerId, found.upload.id, undefined);
  }

  private async declareSize(uploadId: string, size: number): Promise<void> {
    const { sql, ledger } = this.options;
    await sql.transaction(async (tables) => {
      if (!(await tables.uploads.touch(uploadId, ledger.expiry()))) throw new Gone('The upload has ended.');
      await tables.uploads.declareSize(uploadId, size);
    });
  }

  /**
   * The file under the name that the client has for it now: the same one, or one more of the same content.
   * @param created whether the file was made just now, so that it can simply be renamed
   * @returns null when the content has to be sent for that
   */
  async named(
    { ownerId, clientKey }: ClientName,
    { file, created }: { file: FileRecord; created: boolean },
    wanted: string,
  ): Promise<FileRecord | null> {
    const { clientUploads, files, uploads, instant } = this.options;
    const name = cleanFileName(wanted);
    if (file.name === name) return file;
    if (created) return files.update(ownerId, file.id, { name });
    const other = clientName(ownerId, 'named', clientKey, name);
    const found = await clientUploads.find(other);
    if (found?.file) return found.file;
    if (instant === 'off') return null;
    const { size, sha256, type, visibility } = file;
    const { upload, file: copy } = await clientUploads.findOrCreate(other, {
      name,
      size,
      sha256,
      type,
      visibility,
    });
    if (!copy) await uploads.abort(ownerId, upload.id);
    return copy;
  }
}

function requireAll(upload: UploadRecord, extents: Extent[], size: number, said: number | undefined): void {
  const cut = cutOf(upload);
  const missing = missingOf(cut, extents, size);
  if (missing.length > 0) throw new UploadIncomplete(missing);
  // A single chunk may be shorter than the size of chunks that the client has in mind.
  const fits = said === undefined || said === cut.chunkSize || (size <= said && cut.highest <= 0);
  if (!fits) throw new Conflict(`The chunks that came have ${cut.chunkSize ?? 0} bytes, not ${said}.`);
}

function missingOf(cut: Cut, extents: Extent[], size: number): IndexRange[] {
  if (cut.lone) return [[0, cut.lone.index - 1]];
  if (cut.chunkSize === null) return [[0, 0]];
  return size === 0 ? [] : missingChunks({ size, chunkSize: cut.chunkSize }, extents);
}

function requireSaidBefore(field: string, before: number | null, now: number): void {
  if (before === now) return;
  throw InvalidRequest.of([{ path: field, message: 'does not go with an earlier chunk of this upload' }]);
}
