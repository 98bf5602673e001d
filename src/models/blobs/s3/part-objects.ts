import { randomBytes } from 'node:crypto';
import { NotFound } from '../../../errors';
import type { Piece } from '../index';
import type { Bucket, StoredObject } from './bucket';
import { isAssembly, keys, parseExtent, type StoredExtent } from './keys';
import { concatenated } from './plan';
import { clipped, contiguousEnd, joined, type Segment, segmentsOf } from './segments';

const MIB = 1024 * 1024;
/** Bytes of the largest object that a part is written in, so that it is known where those begin that reach a place. */
export const MOST_EXTENT = 256 * MIB;
/** Requests that are under way at once for one part. */
const AT_ONCE = 8;

/** What an object says of the part that it stands for. */
interface Marker {
  /** Bytes of the whole, where it was said at its beginning. */
  size: number | null;
  /** The parts that this one is made of. */
  pieces: Piece[] | null;
}

/** What is to become a blob: exactly the bytes that were hashed. */
export interface SealedPart {
  size: number;
  segments: Segment[];
}

const EVERYTHING = { start: 0, end: Infinity };

/** The objects that parts consist of. Errors: those of `Bucket`. */
export class PartObjects {
  constructor(private readonly bucket: Bucket) {}

  async create(id: string, marker: Marker): Promise<void> {
    if (await this.has(id)) return;
    await this.bucket.writeText(keys.marker(id), JSON.stringify(marker));
  }

  async has(id: string): Promise<boolean> {
    return (await this.bucket.sizeOf(keys.marker(id))) !== null;
  }

  /** Null when there is no such part. */
  async markerOf(id: string): Promise<Marker | null> {
    const text = await this.bucket.readSmall(keys.marker(id));
    return text && (JSON.parse(text.toString()) as Marker);
  }

  /**
   * Names the object that bytes are about to be written as, so that they count instead of all that is there.
   * @throws `NotFound` when there is no such part
   */
  async nextKeys(id: string, start: number, sizes: number[]): Promise<string[]> {
    const end = start + sizes.reduce((sum, size) => sum + size, 0);
    const [exists, there] = await Promise.all([this.has(id), this.extents(id, { start, end })]);
    if (!exists) throw new NotFound('There is no such part.');
    const turn = there.reduce((highest, extent) => Math.max(highest, extent.turn), 0) + 1;
    let from = start;
    return sizes.map((size) => {
      const extent = { start: from, end: from + size, turn };
      from += size;
      return keys.extent(id, extent, randomBytes(8).toString('hex'));
    });
  }

  /**
   * Which objects have which bytes, at least of [start, end).
   * @throws `NotFound` when there is no such part
   */
  async segments(id: string, range = EVERYTHING): Promise<Segment[]> {
    const [marker, extents] = await Promise.all([this.markerOf(id), this.extents(id, range)]);
    if (!marker) throw new NotFound('There is no such part.');
    if (!marker.pieces) return segmentsOf(extents);
    return concatenated(await inTurns(marker.pieces, (piece) => this.segmentsOfPiece(piece)));
  }

  /**
   * Makes a part out of others: see `BlobStore.joinParts`.
   * @throws `NotFound` for a piece that is not there, or not whole
   */
  async join(id: string, pieces: Piece[]): Promise<void> {
    await inTurns(pieces, async (piece) => {
      const within = keys.within(piece.id, id);
      const places = [keys.marker(piece.id), within].map((key) => this.bucket.sizeOf(key));
      if ((await Promise.all(places)).every((size) => size === null))
        throw new NotFound('There is no such part.');
      await this.segmentsOfPiece(piece);
    });
    const size = pieces.reduce((sum, piece) => sum + piece.size, 0);
    await this.bucket.writeText(keys.marker(id), JSON.stringify({ size, pieces } satisfies Marker));
    // Marked first and then no part any more: what a crash leaves between is a piece, too.
    await inTurns(pieces, async (piece) => {
      await this.bucket.writeText(keys.within(piece.id, id), '');
      await this.bucket.delete([keys.marker(piece.id)]);
    });
  }

  /** @throws `NotFound` when the part was removed meanwhile */
  async seal(id: string, sealed: SealedPart): Promise<void> {
    await this.bucket.writeText(keys.sealed(id), JSON.stringify(sealed));
    await this.confirm(id, [keys.sealed(id)]);
  }

  /**
   * Makes sure that the part was there when these objects of it had been written. One that is removed loses its marker
   * before the rest is looked for; so what was written too late to be found goes here.
   * @throws `NotFound` when the part was removed meanwhile
   */
  async confirm(id: string, written: string[]): Promise<void> {
    if (await this.has(id)) return;
    await this.bucket.delete(written);
    throw new NotFound('The part is published or discarded.');
  }

  async sealed(id: string): Promise<SealedPart | null> {
    const text = await this.bucket.readSmall(keys.sealed(id));
    return text && (JSON.parse(text.toString()) as SealedPart);
  }

  /** Removes everything of the part; its marker goes first, so that nobody takes what is left for a part. */
  async remove(id: string): Promise<void> {
    const marker = await this.markerOf(id);
    if (marker) await this.bucket.delete([keys.marker(id)]);
    for (const part of [id, ...(marker?.pieces ?? []).map((piece) => piece.id)]) {
      const objects: string[] = [];
      for await (const { key } of this.all(part)) {
        if (isAssembly(key)) await this.abort(key);
        objects.push(key);
      }
      await this.bucket.delete(objects);
    }
  }

  private all(id: string): AsyncIterable<StoredObject> {
    return this.bucket.list(keys.part(id));
  }

  private async abort(assemblyKey: string): Promise<void> {
    const text = await this.bucket.readSmall(assemblyKey);
    if (text)
      await this.bucket.abortAssembly(JSON.parse(text.toString()) as { key: string; uploadId: string });
  }

  private async segmentsOfPiece({ id, size }: Piece): Promise<{ segments: Segment[]; size: number }> {
    const segments = clipped(segmentsOf(await this.extents(id, EVERYTHING)), 0, size);
    const end = contiguousEnd(segments, 0);
    if (end < size) throw new NotFound(`The part has ${end} bytes instead of ${size}.`);
    return { segments: joined(segments), size };
  }

  /** Those that have a byte of [start, end), and some more. */
  private async extents(id: string, { start, end }: { start: number; end: number }): Promise<StoredExtent[]> {
    const extents: StoredExtent[] = [];
    const after = keys.bytesFrom(id, Math.max(0, start - MOST_EXTENT));
    for await (const { key } of this.bucket.list(keys.bytes(id), after)) {
      const extent = parseExtent(key);
      if (!extent || extent.end < start) continue;
      if (extent.start > end) break;
      extents.push(extent);
    }
    return extents;
  }
}

/** Does the work for each item, for a few of them at a time. @returns what comes of it, in the order of the items */
export async function inTurns<Item, Result>(
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const rest = items.entries();
  const takeTurns = async () => {
    for (const [index, item] of rest) results[index] = await work(item, index);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, takeTurns));
  return results;
}
