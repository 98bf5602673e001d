import { z } from 'zod';
import { Conflict } from '../errors';
import type { Extent, UploadRecord } from '../models/sql';
import { receivedChunks, type IndexRange } from './chunk-grid';

/** A chunk as a client names it: which one, and how many bytes it brings. */
export interface Chunk {
  index: number;
  length: number;
}

/** What the chunks that have come tell of how a file was cut, when the client does not say it. */
export interface Cut {
  /** Bytes of every chunk but the last; null until it is certain. */
  chunkSize: number | null;
  /** A chunk other than the first, alone so far: it may be the last, so that its length tells nothing yet. */
  lone: Chunk | null;
  /** The last chunk, once a shorter one than the others has come. */
  last: Chunk | null;
  /** The highest index that has come; -1 before the first. */
  highest: number;
}

export const NOTHING_CUT: Cut = { chunkSize: null, lone: null, last: null, highest: -1 };

/** Where a chunk belongs, and what is known with it. */
export interface Placing {
  cut: Cut;
  /** Its first byte in the file; null for the lone chunk, whose place nobody knows yet. */
  start: number | null;
  /** What was the lone chunk has a place now, and goes there first. */
  settled: { chunk: Chunk; start: number } | null;
}

/**
 * Finds the place of a chunk by the rule that all chunks have one length, but for the last, which may be shorter. The
 * same chunk again gets the same place.
 * @throws `Conflict` when its length fits no such rule
 */
export function placeChunk(cut: Cut, chunk: Chunk): Placing {
  const { index, length } = chunk;
  if (cut.chunkSize !== null) return placeByRule({ ...cut, chunkSize: cut.chunkSize }, chunk);
  const { lone } = cut;
  if (!lone) {
    if (index === 0) return firstPlaced(chunk);
    return { cut: { ...cut, lone: chunk, highest: index }, start: null, settled: null };
  }
  if (index === lone.index) {
    if (length !== lone.length) throw misfit(chunk, `${lone.length} bytes came for it before`);
    return { cut, start: null, settled: null };
  }
  // The one with the lower index is not the last one: its length is the rule.
  const chunkSize = index < lone.index ? length : lone.length;
  const known = { chunkSize, lone: null, last: null, highest: -1 };
  const settling = placeByRule(known, lone);
  const placing = placeByRule({ ...settling.cut, chunkSize }, chunk);
  return { ...placing, settled: { chunk: lone, start: lone.index * chunkSize } };
}

function firstPlaced({ length }: Chunk): Placing {
  return { cut: { chunkSize: length, lone: null, last: null, highest: 0 }, start: 0, settled: null };
}

function placeByRule(cut: Cut & { chunkSize: number }, chunk: Chunk): Placing {
  const { chunkSize, last, highest } = cut;
  const { index, length } = chunk;
  const start = index * chunkSize;
  if (length > chunkSize) throw misfit(chunk, `the others have ${chunkSize}`);
  if (last && index >= last.index) {
    if (index > last.index) throw misfit(chunk, `chunk ${last.index} is shorter, and so the last`);
    if (length !== last.length) throw misfit(chunk, `${last.length} bytes came for it before`);
    return { cut, start, settled: null };
  }
  if (length === chunkSize)
    return { cut: { ...cut, highest: Math.max(highest, index) }, start, settled: null };
  if (last) throw misfit(chunk, `the others have ${chunkSize}, and chunk ${last.index} is the last`);
  if (index <= highest) throw misfit(chunk, `chunk ${highest} has come, and only the last may be shorter`);
  return { cut: { ...cut, last: chunk, highest: index }, start, settled: null };
}

/** The indices of the chunks that are there. */
export function placedChunks({ chunkSize, lone }: Cut, extents: Extent[]): IndexRange[] {
  if (lone) return extents.length > 0 ? [[lone.index, lone.index]] : [];
  if (chunkSize === null || chunkSize === 0) return [];
  return receivedChunks({ size: extents.at(-1)?.end ?? 0, chunkSize }, extents);
}

/** Every index of the ranges. */
export function indicesOf(ranges: IndexRange[]): number[] {
  return ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i));
}

function misfit({ index, length }: Chunk, why: string): Conflict {
  return new Conflict(`Chunk ${index} cannot have ${length} bytes: ${why}.`);
}

const savedCut = z.object({
  chunkSize: z.number().nullable(),
  lone: z.object({ index: z.number(), length: z.number() }).nullable(),
  last: z.object({ index: z.number(), length: z.number() }).nullable(),
  highest: z.number(),
});

/** What is known of an upload's chunks, as it was kept with it. */
export function cutOf({ clientState }: Pick<UploadRecord, 'clientState'>): Cut {
  return clientState === null ? NOTHING_CUT : savedCut.parse(JSON.parse(clientState));
}
