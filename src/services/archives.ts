import { createHash } from 'node:crypto';
import { Gone, NotFound, RateLimited } from '../errors';
import type { BlobStore } from '../models/blobs';
import type { ArchiveEntry, ArchiveRecord, FileRecord, SqlStore } from '../models/sql';
import { ArchiveReader } from './archives/archive-reader';
import { entryNames } from './archives/entry-names';
import { layOutZip } from './archives/zip-layout';
import type { ContentHashes } from './content-hashes';
import type { Files } from './files';
import { cleanFileName } from './http/file-names';
import { newId } from './ids';
import { openStored } from './open-content';
import type { Clock } from './runtime';
import { hashOfToken, newShareToken, type OpenShare, type ShareKind } from './shares';

/** Of one user at a time, so that nobody fills the database with lists. */
const MOST_ALIVE = 1000;
const RETRY_SECONDS = 60 * 60;
/** Of the files that a request names and that cannot be read. */
const MOST_ERRORS = 20;
/** Changes whenever the same entries become other bytes. */
const FORMAT = 'zip 1';

interface ArchivesOptions {
  sql: SqlStore;
  blobs: BlobStore;
  files: Files;
  hashes: ContentHashes;
  /** How long an archive can be fetched. */
  lifetimeMs: number;
  /** How long content that nothing refers to stays. */
  graceMs: number;
  now: Clock;
}

/** An archive that can now be fetched. */
export interface NewArchive {
  archive: ArchiveRecord;
  token: string;
  /** Bytes. */
  size: number;
}

/**
 * Several files as one ZIP file, which is made as it is sent: it lies nowhere, and yet its bytes are the same at each
 * request, so that ranges of it can be asked for. What it has in it is fixed when it is made.
 */
export class Archives implements ShareKind {
  constructor(private readonly options: ArchivesOptions) {}

  /**
   * @throws `NotFound` naming the files that are not the owner's to read, `RateLimited` when the owner has too many,
   *   `Unavailable` when files have to be read for it that never were
   */
  async create(ownerId: string, { fileIds, name }: { fileIds: string[]; name: string }): Promise<NewArchive> {
    const { sql, now, lifetimeMs } = this.options;
    const files = await this.readable(ownerId, fileIds);
    const createdAt = now();
    if ((await sql.archives.countAlive(ownerId, createdAt)) >= MOST_ALIVE) {
      throw new RateLimited(`${MOST_ALIVE} archives can be fetched already.`, RETRY_SECONDS);
    }
    const { token, tokenHash } = newShareToken();
    const archive: ArchiveRecord = {
      id: newId(),
      tokenHash,
      ownerId,
      name: archiveName(name),
      entries: await this.entriesOf(files),
      createdAt,
      expiresAt: new Date(createdAt.getTime() + lifetimeMs),
    };
    await sql.archives.insert(archive);
    return { archive, token, size: layOutZip(archive.entries).size };
  }

  /** @throws `Gone` when the archive has expired, or a file in it was deleted or is not its owner's to read any more */
  async open(token: string): Promise<OpenShare | null> {
    const { sql, now } = this.options;
    const archive = await sql.archives.findByToken(hashOfToken(token));
    if (!archive) return null;
    if (archive.expiresAt <= now()) throw new Gone('The archive has expired.');
    const { ownerId, entries, name, createdAt } = archive;
    // Counted and not read: each range of an archive asks for this again.
    const fileIds = [...new Set(entries.map(({ fileId }) => fileId))];
    if ((await sql.files.countReadable(fileIds, ownerId)) < fileIds.length) {
      throw new Gone('A file of the archive was deleted, or may not be read any more.');
    }
    const reader = this.readerOf(entries);
    const content = {
      ...{ name, type: 'application/zip', size: reader.size, etag: etagOf(entries) },
      // Nobody has read the whole of it.
      ...{ lastModified: createdAt, sha256: null, reader },
    };
    return { content, disposition: 'attachment', begin: () => Promise.resolve() };
  }

  private async readable(ownerId: string, fileIds: string[]): Promise<FileRecord[]> {
    const found = await this.options.files.getMany(ownerId, fileIds);
    const errors = found.flatMap((file, index) =>
      file ? [] : [{ path: `fileIds.${index}`, message: 'is not a file that you may read' }],
    );
    if (errors.length > 0) {
      throw new NotFound('Some of the files are not there, or are not yours.', {
        members: { errors: errors.slice(0, MOST_ERRORS) },
      });
    }
    return found.filter((file) => file !== null);
  }

  private async entriesOf(files: FileRecord[]): Promise<ArchiveEntry[]> {
    const checksums = await this.options.hashes.crc32s(files);
    const names = entryNames(files.map(({ name }) => name));
    return files.map(({ id, sha256, size, name, createdAt }, index) => {
      const crc32 = checksums.get(sha256);
      if (crc32 === undefined) throw new Error(`the CRC-32 of ${sha256} is not known`);
      // The content is as old as the file: a change of its name does not make it younger.
      const modifiedAt = createdAt.getTime();
      return { fileId: id, sha256, size, crc32, name: names[index] ?? name, modifiedAt };
    });
  }

  /** A file that is deleted while the archive is being sent goes on being there until the end. */
  private readerOf(entries: ArchiveEntry[]): ArchiveReader {
    const { sql, blobs, now, graceMs } = this.options;
    const contents = [...new Set(entries.map(({ sha256 }) => sha256))];
    let keptAt = now().getTime();
    return new ArchiveReader({
      layout: layOutZip(entries),
      open: async (index) => openStored(blobs, entries[index]?.sha256 ?? ''),
      async onPiece() {
        const time = now();
        if (time.getTime() - keptAt < graceMs / 2) return;
        keptAt = time.getTime();
        // What cannot be kept now is there for another while, and most likely nobody has deleted anything.
        await sql.blobs.renew(contents, time).catch(() => undefined);
      },
    });
  }
}

/** Of what makes the bytes: the same entries are the same archive, whoever made it. */
function etagOf(entries: ArchiveEntry[]): string {
  const hash = createHash('sha256').update(FORMAT);
  for (const { sha256, name, modifiedAt } of entries) hash.update(JSON.stringify([sha256, name, modifiedAt]));
  return `"${hash.digest('hex')}"`;
}

function archiveName(name: string): string {
  const clean = cleanFileName(name);
  return /\.zip$/i.test(clean) ? clean : cleanFileName(`${clean}.zip`);
}
