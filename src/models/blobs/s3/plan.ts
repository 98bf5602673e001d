import { type Segment, shifted } from './segments';

const MIB = 1024 * 1024;
/** Bytes that every part of a multipart upload but the last must have. */
const LEAST_PART = 5 * MIB;
const MOST_PARTS = 10_000;

/**
 * One part of the object that is assembled: copied within the storage, which needs a large piece of one object, or read
 * and written again.
 */
export interface Step {
  kind: 'copy' | 'rewrite';
  segments: [Segment, ...Segment[]];
  /** Bytes. */
  size: number;
}

/**
 * How an object is made of pieces of others, with as little reading as there can be. Pieces that are too small are put
 * together, and if need be with the beginning of a larger one.
 * @param segments of the whole, without a gap
 */
export function planAssembly(segments: Segment[]): Step[] {
  const size = segments.at(-1)?.end ?? 0;
  const least = Math.max(LEAST_PART, Math.ceil(size / MOST_PARTS));
  const steps: Step[] = [];
  let gathered: Segment[] = [];
  const flush = () => {
    const step = stepOf('rewrite', gathered);
    if (step) steps.push(step);
    gathered = [];
  };
  for (const segment of segments) {
    const missing = gathered.length === 0 ? 0 : Math.max(0, least - bytesIn(gathered));
    const isEnough = bytesIn([segment]) - missing >= least;
    if (!isEnough) {
      gathered.push(segment);
      if (bytesIn(gathered) >= least) flush();
      continue;
    }
    const cut = segment.start + missing;
    if (missing > 0) gathered.push({ ...segment, end: cut });
    flush();
    const rest = { ...segment, start: cut, offset: segment.offset + missing };
    steps.push({ kind: 'copy', segments: [rest], size: bytesIn([rest]) });
  }
  // The last part may be short, so that it need not be read when it lies in one object.
  const last = stepOf(gathered.length === 1 ? 'copy' : 'rewrite', gathered);
  if (last) steps.push(last);
  return steps;
}

function stepOf(kind: Step['kind'], [first, ...others]: Segment[]): Step | null {
  return first ? { kind, segments: [first, ...others], size: bytesIn([first, ...others]) } : null;
}

function bytesIn(segments: Segment[]): number {
  return segments.reduce((sum, { start, end }) => sum + end - start, 0);
}

/** Segments of several contents, one after the other, as those of one. */
export function concatenated(contents: { segments: Segment[]; size: number }[]): Segment[] {
  let start = 0;
  return contents.flatMap(({ segments, size }) => {
    const placed = shifted(segments, start);
    start += size;
    return placed;
  });
}
