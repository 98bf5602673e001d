import { Conflict, Gone, NotFound, TooLarge } from '../errors';
import type { SqlStore, Tables, UploadRecord } from '../models/sql';
import { covers } from './chunk-grid';
import { newId } from './ids';
import type { Ledger } from './ledger';
import type { Clock } from './runtime';
import { draftUpload, type ChunkSizeLimits, type NewUpload } from './upload-draft';

interface JoinedUploadsOptions {
  sql: SqlStore;
  ledger: Ledger;
  limits: ChunkSizeLimits & { maxFileBytes: number };
  now: Clock;
}

/** Uploads whose whole is made of others, sent side by side, without sending or copying a byte again. */
export class JoinedUploads {
  constructor(private readonly options: JoinedUploadsOptions) {}

  /**
   * Makes an upload out of pieces that have all their bytes; it completes itself. The same pieces again give the same
   * upload, because the answer to the first request may have been lost.
   * @returns its id
   * @throws `NotFound` for a piece that is not the owner's, `Conflict` for one that is not whole, or that is no piece
   *   or one of another upload, `Gone` for one that has ended, `TooLarge`
   */
  join(ownerId: string, pieceIds: string[], input: Omit<NewUpload, 'size'>): Promise<string> {
    return this.options.sql.transaction(async (tables) => {
      const pieces: UploadRecord[] = [];
      for (const id of pieceIds) pieces.push(await this.hold(tables, ownerId, id));
      const made = await wholeOf(tables, pieces);
      return made ?? this.insert(tables, ownerId, pieces, input);
    });
  }

  private async hold(tables: Tables, ownerId: string, id: string): Promise<UploadRecord> {
    const found = await tables.uploads.find(id);
    if (found?.ownerId !== ownerId) throw new NotFound('One of the pieces is not there, or not yours.');
    const isOpen = await tables.uploads.touch(id, this.options.ledger.expiry());
    // What was read before the row was held may be out of date by now.
    const piece = (await tables.uploads.find(id)) ?? found;
    if (!isOpen && piece.state !== 'complete') throw new Gone(`The piece ${id} is ${piece.state}.`);
    if (piece.completion !== 'never') throw new Conflict(`The upload ${id} is no piece.`);
    return piece;
  }

  private async insert(
    tables: Tables,
    ownerId: string,
    pieces: UploadRecord[],
    input: Omit<NewUpload, 'size'>,
  ): Promise<string> {
    const { ledger, limits, now } = this.options;
    for (const piece of pieces) await requireWhole(tables, piece);
    const size = pieces.reduce((sum, piece) => sum + piece.size, 0);
    if (size > limits.maxFileBytes)
      throw new TooLarge(`A file may have at most ${limits.maxFileBytes} bytes.`);
    const times = { createdAt: now(), expiresAt: ledger.expiry() };
    const whole = draftUpload(ownerId, newId(), { ...input, size, completion: 'itself' }, limits, times);
    await tables.uploads.insert({ ...whole, pieceCount: pieces.length });
    for (const [position, { id }] of pieces.entries()) {
      if (!(await tables.uploads.join(id, whole.id, position)))
        throw new Conflict(`The piece ${id} is named twice, or was joined by another request.`);
      await tables.extents.clear(id);
    }
    await tables.extents.add(whole.id, { start: 0, end: size });
    return whole.id;
  }
}

/** The upload that was made of exactly these pieces before. */
async function wholeOf(tables: Tables, pieces: UploadRecord[]): Promise<string | null> {
  const [first] = pieces;
  const whole = first?.joinedTo ?? null;
  const isSame = pieces.every(
    ({ joinedTo, joinedPosition }, i) => joinedTo === whole && joinedPosition === i,
  );
  if (whole === null || !isSame) return null;
  return (await tables.uploads.listJoined(whole)).length === pieces.length ? whole : null;
}

async function requireWhole(tables: Tables, piece: UploadRecord): Promise<void> {
  if (piece.joinedTo !== null) throw new Conflict(`The piece ${piece.id} belongs to another upload.`);
  const isWhole =
    !piece.sizeDeferred &&
    (piece.size === 0 || covers(await tables.extents.listOf(piece.id), { start: 0, end: piece.size }));
  if (!isWhole) throw new Conflict(`The piece ${piece.id} is not whole.`);
}
