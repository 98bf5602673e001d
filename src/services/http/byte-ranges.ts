import { splitList, trimOws } from './fields';

/** Bytes [start, end) of a representation: `end` is not included, and never smaller than `start`. */
export interface ByteSpan {
  start: number;
  end: number;
}

/** A range as asked for, with `start` and `end` inside the size; `unsatisfiable` when nothing of it is there. */
type RangeSpec = ByteSpan | 'unsatisfiable' | 'invalid';

/** More ranges than this are not taken seriously (RFC 9110 §14.2 and §17.15 allow to ignore them). */
const MAX_RANGES = 200;

/** Above this many digits a number is larger than every size. */
const SAFE_DIGITS = 16;

function withoutLeadingZeros(digits: string): string {
  return digits.replace(/^0+(?=\d)/, '');
}

/** Digits as a number to compare with a size. Sizes are safe integers, so rounding above those does no harm. */
function toPosition(digits: string): number {
  const significant = withoutLeadingZeros(digits);
  return significant.length > SAFE_DIGITS ? Number.POSITIVE_INFINITY : Number(significant);
}

/** Exact for any count of digits. */
function isGreater(first: string, second: string): boolean {
  const a = withoutLeadingZeros(first);
  const b = withoutLeadingZeros(second);
  return a.length === b.length ? a > b : a.length > b.length;
}

/** RFC 9110 §14.1.1 and §14.1.2: int-range or suffix-range. */
function parseRangeSpec(spec: string, size: number): RangeSpec {
  const match = /^(\d*)-(\d*)$/.exec(spec);
  const first = match?.[1] ?? '';
  const last = match?.[2] ?? '';
  if (first === '') {
    if (last === '') return 'invalid';
    const length = Math.min(toPosition(last), size);
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size };
  }
  if (last !== '' && isGreater(first, last)) return 'invalid';
  const start = toPosition(first);
  if (start >= size) return 'unsatisfiable';
  return { start, end: last === '' ? size : Math.min(toPosition(last) + 1, size) };
}

/**
 * Joins spans that overlap or touch, and no others, so that no byte is sent twice and none that was not asked for.
 * A joined span stands where the first of its members stood: parts keep the order asked (RFC 9110 §15.3.7.2).
 */
function joinTouching(spans: ByteSpan[]): ByteSpan[] {
  const byStart = spans.map((span, order) => ({ ...span, order })).sort((a, b) => a.start - b.start);
  const joined: (ByteSpan & { order: number })[] = [];
  for (const span of byStart) {
    const last = joined.at(-1);
    if (last !== undefined && span.start <= last.end) {
      last.end = Math.max(last.end, span.end);
      last.order = Math.min(last.order, span.order);
    } else {
      joined.push(span);
    }
  }
  return joined.sort((a, b) => a.order - b.order).map(({ start, end }) => ({ start, end }));
}

/**
 * Reads `Range` against a size in time linear in its length (RFC 9110 §14.1 and §14.2).
 *
 * - `ignored`: no Range, more than one line, another unit, one bad member, more than 200 ranges, ranges that sum up
 *   to more than the size, or empty content, of which there is no part: the answer is the whole, 200.
 * - `unsatisfiable`: well formed, but no range begins inside the content: 416.
 * - otherwise at least one span, in the order asked, none overlapping or touching another.
 *
 * @param lines the field lines of `Range`
 * @param size bytes of the representation, a safe integer
 */
export function parseRange(
  lines: readonly string[] | undefined,
  size: number,
): ByteSpan[] | 'ignored' | 'unsatisfiable' {
  if (lines?.length !== 1 || size === 0) return 'ignored';
  const set = /^bytes=(.*)$/is.exec(trimOws(lines[0] ?? ''))?.[1];
  if (set === undefined) return 'ignored';
  const specs = splitList(set);
  if (specs.length === 0 || specs.length > MAX_RANGES) return 'ignored';

  const spans: ByteSpan[] = [];
  let sum = 0;
  for (const spec of specs) {
    const span = parseRangeSpec(spec, size);
    if (span === 'invalid') return 'ignored';
    if (span === 'unsatisfiable') continue;
    spans.push(span);
    sum += span.end - span.start;
  }
  if (spans.length === 0) return 'unsatisfiable';
  return sum > size ? 'ignored' : joinTouching(spans);
}
