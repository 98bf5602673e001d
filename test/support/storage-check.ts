import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import Sqlite from 'better-sqlite3';

interface UploadRow {
  id: string;
  state: string;
  size: number;
  size_deferred: number;
  sealed_sha256: string | null;
  file_id: string | null;
  joined_to: string | null;
  piece_count: number | null;
}

interface BlobRow {
  sha256: string;
  size: number;
  reference_count: number;
  files: number;
}

interface ExtentRow {
  upload_id: string;
  start_byte: number;
  end_byte: number;
}

/** What lies in the folders of uploads and in the database, which have to agree. */
class Storage {
  readonly wrong: string[] = [];
  private readonly database: Sqlite.Database;

  constructor(
    data: string,
    private readonly folder: string,
  ) {
    this.database = new Sqlite(path.join(data, 'ferry.sqlite'), { readonly: true });
  }

  close(): void {
    this.database.close();
  }

  async checkAll(): Promise<void> {
    const known = new Set(['parts', 'blobs', 'ferry.lock']);
    for (const name of await readdir(this.folder)) {
      this.expect(known.has(name), `${name} has no business among the uploads`);
    }
    await this.checkParts();
    this.checkExtents();
    await this.checkBlobs();
    this.checkFiles();
  }

  private expect(holds: boolean, otherwise: string): void {
    if (!holds) this.wrong.push(otherwise);
  }

  private async checkParts(): Promise<void> {
    const uploads = this.rows<UploadRow>('SELECT * FROM uploads');
    const open = new Map(uploads.filter(({ state }) => state === 'open').map((row) => [row.id, row]));
    const parts = new Set(await readdir(path.join(this.folder, 'parts')));
    for (const name of parts) {
      const upload = open.get(name.replace(/\.joined$/, ''));
      this.expect(upload !== undefined, `part ${name} belongs to no open upload`);
      if (!upload || name.endsWith('.joined') || upload.size_deferred) continue;
      const { size } = await stat(path.join(this.folder, 'parts', name));
      this.expect(size === upload.size, `part ${name} has ${size} bytes instead of ${upload.size}`);
    }
    for (const { id, joined_to, sealed_sha256 } of open.values()) {
      this.expect(
        joined_to !== null || parts.has(id) || parts.has(`${id}.joined`),
        `upload ${id} has no part`,
      );
      this.expect(sealed_sha256 === null, `upload ${id} was cut off and not finished`);
    }
  }

  private checkExtents(): void {
    const stray = this.rows<ExtentRow>(
      `SELECT extents.* FROM extents LEFT JOIN uploads ON uploads.id = extents.upload_id
      WHERE uploads.state IS NOT 'open' OR start_byte < 0 OR end_byte <= start_byte OR end_byte > uploads.size`,
    );
    for (const { upload_id, start_byte, end_byte } of stray) {
      this.wrong.push(`extent ${start_byte}-${end_byte} of upload ${upload_id} is none`);
    }
    const overlapping = this.rows<ExtentRow>(
      `SELECT first.* FROM extents AS first JOIN extents AS second ON second.upload_id = first.upload_id
      AND second.start_byte > first.start_byte AND second.start_byte <= first.end_byte`,
    );
    for (const { upload_id } of overlapping) this.wrong.push(`extents of upload ${upload_id} overlap`);
  }

  private async checkBlobs(): Promise<void> {
    const rows = this.rows<BlobRow>(
      `SELECT sha256, size, reference_count, (SELECT COUNT(*) FROM files WHERE files.sha256 = blobs.sha256) AS files
      FROM blobs`,
    );
    const expected = new Map(rows.map((row) => [row.sha256, row]));
    for await (const { place, name } of this.blobs()) {
      const row = expected.get(name);
      expected.delete(name);
      this.expect(place === path.join(name.slice(0, 2), name.slice(2, 4)), `blob ${name} lies in ${place}`);
      const { sha256, size } = await contentOf(path.join(this.folder, 'blobs', place, name));
      this.expect(sha256 === name, `blob ${name} has the SHA-256 ${sha256}`);
      this.expect(row?.size === size, `blob ${name} has ${size} bytes and a row of ${row?.size ?? 'none'}`);
    }
    for (const { sha256 } of expected.values()) this.wrong.push(`blob ${sha256} is a row without bytes`);
    for (const { sha256, reference_count, files } of rows) {
      this.expect(
        reference_count === files,
        `blob ${sha256} counts ${reference_count} of ${files} references`,
      );
    }
  }

  private checkFiles(): void {
    const lost = this.rows<{ id: string }>(
      `SELECT files.id FROM files LEFT JOIN blobs ON blobs.sha256 = files.sha256 AND blobs.size = files.size
      WHERE blobs.sha256 IS NULL`,
    );
    for (const { id } of lost) this.wrong.push(`file ${id} has no content`);
  }

  private async *blobs(): AsyncGenerator<{ place: string; name: string }> {
    const top = path.join(this.folder, 'blobs');
    for (const first of await readdir(top)) {
      for (const second of await readdir(path.join(top, first))) {
        const place = path.join(first, second);
        for (const name of await readdir(path.join(top, place))) yield { place, name };
      }
    }
  }

  private rows<Row>(sql: string): Row[] {
    return this.database.prepare<[], Row>(sql).all();
  }
}

/** Of a file, or of a folder of files, in the order of their names. */
async function contentOf(at: string): Promise<{ sha256: string; size: number }> {
  const files = (await stat(at)).isDirectory()
    ? (await readdir(at)).sort().map((name) => path.join(at, name))
    : [at];
  const hash = createHash('sha256');
  let size = 0;
  for (const file of files) {
    for await (const piece of createReadStream(file) as AsyncIterable<Buffer>) {
      hash.update(piece);
      size += piece.length;
    }
  }
  return { sha256: hash.digest('hex'), size };
}

/**
 * Looks whether bytes and records agree, in the folders of a server that does not run and has cleaned up.
 * @returns what is wrong, a sentence each
 */
export async function checkStorage(data: string, uploads: string): Promise<string[]> {
  const storage = new Storage(data, uploads);
  try {
    await storage.checkAll();
    return storage.wrong;
  } finally {
    storage.close();
  }
}
