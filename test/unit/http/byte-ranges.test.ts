import fc from 'fast-check';
import { parseRange } from '../../../src/services/http/byte-ranges';

const NUMBER = fc.oneof(
  fc.nat({ max: 50 }).map(String),
  fc.maxSafeNat().map(String),
  fc.stringMatching(/^[0-9]{1,40}$/),
  fc.constant(''),
);
const SPEC = fc.tuple(NUMBER, NUMBER).map(([first, last]) => `${first}-${last}`);
const SIZE = fc.oneof(fc.nat({ max: 60 }), fc.maxSafeNat());
const WELL_FORMED = fc
  .array(SPEC, { minLength: 1, maxLength: 12 })
  .map((specs) => `bytes=${specs.join(', ')}`);

/** RFC 9110 §14.1.2 once more, in exact numbers: where the bytes asked for lie, or null when there are none. */
function exactly(spec: string, size: bigint): [bigint, bigint] | null {
  const [first = '', last = ''] = spec.split('-');
  if (first === '') {
    const length = BigInt(last) < size ? BigInt(last) : size;
    return length === 0n ? null : [size - length, size];
  }
  if (BigInt(first) >= size) return null;
  return [BigInt(first), last === '' || BigInt(last) >= size ? size : BigInt(last) + 1n];
}

describe('parseRange', () => {
  it('ignores what is not there', () => {
    expect(parseRange(undefined, 10)).toBe('ignored');
  });

  it('is exact at the largest sizes', () => {
    const size = Number.MAX_SAFE_INTEGER;
    expect(parseRange([`bytes=${size - 1}-${size + 10}`], size)).toEqual([{ start: size - 1, end: size }]);
    expect(parseRange([`bytes=${size}-`], size)).toBe('unsatisfiable');
  });

  it('keeps every span inside the size, apart from the others, for any header', () => {
    const header = fc.oneof(
      fc.string(),
      fc.string().map((text) => `bytes=${text}`),
      WELL_FORMED,
    );
    fc.assert(
      fc.property(header, SIZE, (value, size) => {
        const result = parseRange([value], size);
        if (typeof result === 'string') return;
        const sorted = [...result].sort((a, b) => a.start - b.start);
        let end = -1;
        for (const span of sorted) {
          expect(span.start).toBeGreaterThan(end);
          expect(span.end).toBeGreaterThan(span.start);
          end = span.end;
        }
        expect(end).toBeLessThanOrEqual(size);
      }),
      { numRuns: 500 },
    );
  });

  it('agrees with exact arithmetic for one range', () => {
    fc.assert(
      fc.property(SPEC, SIZE, (spec, size) => {
        const [first = '', last = ''] = spec.split('-');
        const isInvalid = spec === '-' || (first !== '' && last !== '' && BigInt(first) > BigInt(last));
        const exact = isInvalid ? null : exactly(spec, BigInt(size));
        const expected = exact ? [{ start: Number(exact[0]), end: Number(exact[1]) }] : 'unsatisfiable';
        expect(parseRange([`bytes=${spec}`], size)).toEqual(isInvalid || size === 0 ? 'ignored' : expected);
      }),
      { numRuns: 500 },
    );
  });

  it('covers the bytes asked for, and no others', () => {
    const small = fc.nat({ max: 40 });
    const specs = fc.array(
      fc.tuple(small, small).map(([a, b]) => ({ first: Math.min(a, b), last: Math.max(a, b) })),
      { minLength: 1, maxLength: 5 },
    );
    fc.assert(
      fc.property(specs, (asked) => {
        const result = parseRange(
          [`bytes=${asked.map(({ first, last }) => `${first}-${last}`).join(',')}`],
          30,
        );
        if (typeof result === 'string') return;
        for (let byte = 0; byte < 30; byte += 1) {
          const isAsked = asked.some(({ first, last }) => first <= byte && byte <= last);
          expect(result.some(({ start, end }) => start <= byte && byte < end)).toBe(isAsked);
        }
      }),
    );
  });
});
