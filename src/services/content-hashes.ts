import { Internal, NotFound, Unavailable } from '../errors';
import type { BlobStore } from '../models/blobs';
import type { ManifestRecord, SqlStore } from '../models/sql';

/** Small enough for a mini-program to hold a few, large enough that a film is some hundred requests. */
const PIECE_SIZE = 4 * 1024 * 1024;
/** A longer list is more than a mini-program can keep beside its pieces. */
const MOST_PIECES = 10_000;
/** Below the time after which proxies give up. */
const WAIT_MS = 20_000;
const RETRY_SECONDS = 10;
/** Contents that are read at once; the hash worker lets them take turns. */
const MOST_AT_ONCE = 32;

/** Content that is stored, by its SHA-256 and bytes. */
export interface StoredContent {
  sha256: string;
  size: number;
}

interface Computed {
  manifest: ManifestRecord;
  crc32: number;
}

interface ContentHashesOptions {
  sql: SqlStore;
  blobs: BlobStore;
  /** How long a request waits for what has to be computed. */
  waitMs?: number;
}

/** Bytes of each piece: 4 MiB, doubled until there are at most 10,000. */
export function pieceSizeOf(size: number): number {
  let pieceSize = PIECE_SIZE;
  while (size > pieceSize * MOST_PIECES) pieceSize *= 2;
  return pieceSize;
}

/**
 * What can be said of a content only after reading the whole of it: the digests of its pieces and its CRC-32. Both are
 * computed at once, when one of them is first needed, and kept with the content.
 */
export class ContentHashes {
  private readonly computing = new Map<string, Promise<Computed>>();

  constructor(private readonly options: ContentHashesOptions) {}

  /** @throws `Unavailable` when computing takes long; it goes on meanwhile */
  async manifest(content: StoredContent): Promise<ManifestRecord> {
    const known = await this.options.sql.manifests.find(content.sha256);
    if (known) return known;
    return this.patiently(async () => (await this.compute(content)).manifest);
  }

  /** CRC-32 of each by its SHA-256. @throws `Unavailable` when computing takes long; part of it is then done */
  async crc32s(contents: StoredContent[]): Promise<Map<string, number>> {
    const known = await this.options.sql.blobs.findMany(contents.map(({ sha256 }) => sha256));
    const checksums = new Map<string, number>();
    for (const { sha256, crc32 } of known) if (crc32 !== null) checksums.set(sha256, crc32);
    await this.patiently(async (lapsed) => {
      for (const content of contents) {
        // One after the other, so that nothing begins any more once nobody waits.
        if (lapsed.aborted) return;
        if (checksums.has(content.sha256)) continue;
        checksums.set(content.sha256, (await this.compute(content)).crc32);
      }
    });
    return checksums;
  }

  /** Requests for one content share the work. */
  private compute(content: StoredContent): Promise<Computed> {
    const { sha256 } = content;
    const under = this.computing.get(sha256);
    if (under) return under;
    if (this.computing.size >= MOST_AT_ONCE) {
      throw new Unavailable('Too many files are being read; ask again.', undefined, RETRY_SECONDS);
    }
    const computing = this.run(content).finally(() => this.computing.delete(sha256));
    this.computing.set(sha256, computing);
    return computing;
  }

  private async run({ sha256, size }: StoredContent): Promise<Computed> {
    const { sql } = this.options;
    const pieceSize = pieceSizeOf(size);
    const { pieces, crc32 } = await this.read(sha256, pieceSize);
    const manifest = { sha256, pieceSize, pieces };
    await sql.transaction(async (tables) => {
      // Unless the content has gone meanwhile.
      if (await tables.blobs.setCrc32(sha256, crc32)) await tables.manifests.insert(manifest);
    });
    return { manifest, crc32 };
  }

  private async read(sha256: string, pieceSize: number) {
    try {
      return await this.options.blobs.hashBlob(sha256, pieceSize);
    } catch (error) {
      // A file is there and its bytes are not: that is our fault.
      throw error instanceof NotFound ? new Internal(error) : error;
    }
  }

  /** Waits for the work for a while; then it is said to whom it concerns, and goes on. */
  private async patiently<T>(work: (lapsed: AbortSignal) => Promise<T>): Promise<T> {
    const patience = new AbortController();
    const lapse = new Promise<never>((_, reject) => {
      patience.signal.addEventListener('abort', () => {
        reject(new Unavailable('The content is still being read; ask again.', undefined, RETRY_SECONDS));
      });
    });
    const timer = setTimeout(() => patience.abort(), this.options.waitMs ?? WAIT_MS);
    try {
      return await Promise.race([work(patience.signal), lapse]);
    } finally {
      clearTimeout(timer);
    }
  }
}
