import fc from 'fast-check';
import type { Extent } from '../../../src/models/sql';
import {
  chooseChunkSize,
  chunkCount,
  chunkExtent,
  covers,
  missingChunks,
  MOST_CHUNKS,
  prefixLength,
  receivedBytes,
  receivedChunks,
  type Grid,
  type IndexRange,
} from '../../../src/services/chunk-grid';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const LIMITS = { standard: 5 * MIB, least: 64 * 1024, most: 64 * MIB };

describe('the chunk size', () => {
  it.each([
    ['the standard where nothing is asked', 100 * MIB, undefined, 5 * MIB],
    ['what is asked', 100 * MIB, 2 * MIB, 2 * MIB],
    ['at least the least', 100 * MIB, 1, 64 * 1024],
    ['at most the most', 100 * MIB, GIB, 64 * MIB],
    ['more than the size, if asked', 10, 2 * MIB, 2 * MIB],
    ['the standard for nothing at all', 0, undefined, 5 * MIB],
    ['as large as 10,000 chunks need', 50 * GIB, 64 * 1024, Math.ceil((50 * GIB) / 10_000)],
    [
      'larger than the most, if 10,000 chunks need it',
      1000 * GIB,
      undefined,
      Math.ceil((1000 * GIB) / 10_000),
    ],
  ])('is %s', (_, size, asked, expected) => {
    expect(chooseChunkSize(size, asked, LIMITS)).toBe(expected);
  });

  it('never makes more than 10,000 chunks', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.option(fc.maxSafeNat(), { nil: undefined }), (size, asked) => {
        const chunkSize = chooseChunkSize(size, asked, LIMITS);
        expect(chunkSize).toBeGreaterThanOrEqual(LIMITS.least);
        expect(chunkCount({ size, chunkSize })).toBeLessThanOrEqual(MOST_CHUNKS);
      }),
    );
  });
});

describe('chunks', () => {
  it.each<[Grid, number]>([
    [{ size: 0, chunkSize: 4 }, 0],
    [{ size: 1, chunkSize: 4 }, 1],
    [{ size: 4, chunkSize: 4 }, 1],
    [{ size: 5, chunkSize: 4 }, 2],
    [{ size: 10, chunkSize: 4 }, 3],
    [{ size: Number.MAX_SAFE_INTEGER, chunkSize: 2 ** 40 }, 8192],
  ])('of %j are %i', (grid, count) => {
    expect(chunkCount(grid)).toBe(count);
  });

  it.each<[number, Extent | null]>([
    [0, { start: 0, end: 4 }],
    [1, { start: 4, end: 8 }],
    [2, { start: 8, end: 10 }],
    [3, null],
    [Number.MAX_SAFE_INTEGER, null],
  ])('of 10 bytes by 4: number %i is %j', (index, extent) => {
    expect(chunkExtent({ size: 10, chunkSize: 4 }, index)).toEqual(extent);
  });

  it('of nothing are none', () => {
    expect(chunkExtent({ size: 0, chunkSize: 4 }, 0)).toBeNull();
    expect(missingChunks({ size: 0, chunkSize: 4 }, [])).toEqual([]);
  });

  /** Extents are written `start-end`, the end excluded; ranges `first-last`, the last included. */
  const pairs = (text: string): [number, number][] =>
    text
      .split(' ')
      .filter(Boolean)
      .map((pair) => pair.split('-').map(Number) as [number, number]);
  const extents = (text: string): Extent[] => pairs(text).map(([start, end]) => ({ start, end }));

  it.each([
    ['', '', '0-2'],
    ['0-10', '0-2', ''],
    ['0-4', '0-0', '1-2'],
    ['4-8', '1-1', '0-0 2-2'],
    ['8-10', '2-2', '0-1'],
    ['0-4 8-10', '0-0 2-2', '1-1'],
    ['0-3', '', '0-2'],
    ['1-4', '', '0-2'],
    ['1-8', '1-1', '0-0 2-2'],
    ['3-9', '1-1', '0-0 2-2'],
    ['0-9', '0-1', '2-2'],
    ['9-10', '', '0-2'],
    ['7-10', '2-2', '0-1'],
    ['0-1 2-3 5-6', '', '0-2'],
  ])('of 10 bytes by 4 with %j: received %j, missing %j', (there, received, missing) => {
    const grid = { size: 10, chunkSize: 4 };
    expect(receivedChunks(grid, extents(there))).toEqual(pairs(received));
    expect(missingChunks(grid, extents(there))).toEqual(pairs(missing));
  });

  it.each([
    ['0-10', 3, 5, true],
    ['0-10', 0, 10, true],
    ['0-10', 9, 11, false],
    ['0-4 5-10', 3, 6, false],
    ['0-4 5-10', 5, 10, true],
    ['', 0, 1, false],
  ])('extents %j cover %i-%i: %s', (there, start, end, expected) => {
    expect(covers(extents(there), { start, end })).toBe(expected);
  });

  it.each([
    ['', 0, 0],
    ['0-7', 7, 7],
    ['1-7', 0, 6],
    ['0-3 5-7', 3, 5],
  ])('extents %j begin with %i bytes, of %i', (there, prefix, all) => {
    expect(prefixLength(extents(there))).toBe(prefix);
    expect(receivedBytes(extents(there))).toBe(all);
  });
});

describe('any grid with any extents', () => {
  /** Ascending extents that do not touch, as the ledger keeps them. */
  const arbitrary = fc
    .record({
      size: fc.integer({ min: 1, max: 200 }),
      chunkSize: fc.integer({ min: 1, max: 50 }),
      there: fc.array(fc.boolean(), { minLength: 200, maxLength: 200 }),
    })
    .map(({ size, chunkSize, there }) => ({ grid: { size, chunkSize }, there: there.slice(0, size) }));

  const extentsOf = (there: boolean[]): Extent[] =>
    there.flatMap((has, start) => {
      if (!has || there[start - 1] === true) return [];
      const end = there.indexOf(false, start);
      return [{ start, end: end === -1 ? there.length : end }];
    });

  const indices = (ranges: IndexRange[]): number[] =>
    ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i));

  it('has every byte in exactly one chunk', () => {
    fc.assert(
      fc.property(arbitrary, ({ grid }) => {
        const chunks = Array.from({ length: chunkCount(grid) }, (_, index) => chunkExtent(grid, index));
        expect(chunks[0]?.start).toBe(0);
        expect(chunks.at(-1)?.end).toBe(grid.size);
        for (const [i, chunk] of chunks.entries()) if (i > 0) expect(chunk?.start).toBe(chunks[i - 1]?.end);
        expect(chunkExtent(grid, chunks.length)).toBeNull();
      }),
    );
  });

  it('calls a chunk received when all of its bytes are there, and missing otherwise', () => {
    fc.assert(
      fc.property(arbitrary, ({ grid, there }) => {
        const extents = extentsOf(there);
        const received: number[] = [];
        const missing: number[] = [];
        for (let index = 0; index < chunkCount(grid); index += 1) {
          const chunk = chunkExtent(grid, index) ?? { start: 0, end: 0 };
          const whole = there.slice(chunk.start, chunk.end).every(Boolean);
          (whole ? received : missing).push(index);
          expect(covers(extents, chunk)).toBe(whole);
        }
        expect(indices(receivedChunks(grid, extents))).toEqual(received);
        expect(indices(missingChunks(grid, extents))).toEqual(missing);
        expect(receivedBytes(extents)).toBe(there.filter(Boolean).length);
        expect(prefixLength(extents)).toBe(there.includes(false) ? there.indexOf(false) : grid.size);
      }),
    );
  });
});
