import type { StoredExtent } from './keys';

/** Bytes [start, end) of a content, which lie in an object from `offset` on. */
export interface Segment {
  key: string;
  start: number;
  end: number;
  offset: number;
}

/**
 * Which object has which bytes: of extents that overlap, the one with the highest turn counts, and of those that were
 * written at the same time any one, but always the same.
 * @returns ascending; bytes that no object has are left out
 */
export function segmentsOf(extents: StoredExtent[]): Segment[] {
  const ascending = extents.filter(({ start, end }) => start < end).sort((a, b) => a.start - b.start);
  const edges = [...new Set(ascending.flatMap(({ start, end }) => [start, end]))].sort((a, b) => a - b);
  const segments: Segment[] = [];
  let next = 0;
  let active: StoredExtent[] = [];
  for (const [index, start] of edges.entries()) {
    const end = edges[index + 1];
    if (end === undefined) break;
    active = active.filter((extent) => extent.end > start);
    for (let extent = ascending[next]; extent && extent.start <= start; extent = ascending[next]) {
      active.push(extent);
      next += 1;
    }
    const top = active.reduce<StoredExtent | null>((best, extent) => newer(best, extent), null);
    if (top) segments.push({ key: top.key, start, end, offset: start - top.start });
  }
  return joined(segments);
}

function newer(best: StoredExtent | null, extent: StoredExtent): StoredExtent {
  if (!best || extent.turn > best.turn) return extent;
  return extent.turn === best.turn && extent.key > best.key ? extent : best;
}

/** The same with as few segments as there can be. */
export function joined(segments: Segment[]): Segment[] {
  const result: Segment[] = [];
  for (const segment of segments) {
    const last = result.at(-1);
    const goesOn =
      last?.key === segment.key &&
      last.end === segment.start &&
      last.offset + last.end - last.start === segment.offset;
    if (goesOn) last.end = segment.end;
    else result.push({ ...segment });
  }
  return result;
}

/** The segments of bytes [start, end) alone. */
export function clipped(segments: Segment[], start: number, end: number): Segment[] {
  const result: Segment[] = [];
  for (const segment of segments) {
    const from = Math.max(segment.start, start);
    const to = Math.min(segment.end, end);
    if (from < to)
      result.push({ ...segment, start: from, end: to, offset: segment.offset + from - segment.start });
  }
  return result;
}

/** The same bytes further on in a larger content. */
export function shifted(segments: Segment[], by: number): Segment[] {
  return segments.map((segment) => ({ ...segment, start: segment.start + by, end: segment.end + by }));
}

/** Up to where bytes are there without a gap, from `start` on. */
export function contiguousEnd(segments: Segment[], start: number): number {
  let end = start;
  for (const segment of segments) {
    if (segment.end <= end) continue;
    if (segment.start > end) break;
    end = segment.end;
  }
  return end;
}

export function sameSegments(left: Segment[], right: Segment[]): boolean {
  return (
    left.length === right.length &&
    left.every((segment, index) => {
      const other = right[index];
      return (
        segment.key === other?.key &&
        segment.start === other.start &&
        segment.end === other.end &&
        segment.offset === other.offset
      );
    })
  );
}
