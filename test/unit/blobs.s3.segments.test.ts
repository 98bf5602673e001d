import type { StoredExtent } from '../../src/models/blobs/s3/keys';
import { keys, parseExtent, partOf, sha256Of, wholeOf } from '../../src/models/blobs/s3/keys';
import { planAssembly } from '../../src/models/blobs/s3/plan';
import {
  clipped,
  contiguousEnd,
  joined,
  sameSegments,
  type Segment,
  segmentsOf,
} from '../../src/models/blobs/s3/segments';

const MIB = 1024 * 1024;

const extent = (key: string, start: number, end: number, turn = 1): StoredExtent => ({
  key,
  start,
  end,
  turn,
});
const segment = (key: string, start: number, end: number, offset = 0): Segment => ({
  key,
  start,
  end,
  offset,
});

describe('which object has which bytes', () => {
  it.each<[string, StoredExtent[], Segment[]]>([
    ['nothing', [], []],
    ['an extent without bytes', [extent('a', 5, 5)], []],
    ['one extent', [extent('a', 2, 5)], [segment('a', 2, 5)]],
    [
      'extents beside each other, in any order',
      [extent('b', 5, 9), extent('a', 0, 5)],
      [segment('a', 0, 5), segment('b', 5, 9)],
    ],
    ['a gap', [extent('a', 0, 2), extent('b', 4, 6)], [segment('a', 0, 2), segment('b', 4, 6)]],
    ['the same bytes again: the later ones', [extent('a', 0, 5), extent('b', 0, 5, 2)], [segment('b', 0, 5)]],
    [
      'a later one in the middle',
      [extent('a', 0, 9), extent('b', 3, 5, 2)],
      [segment('a', 0, 3), segment('b', 3, 5), segment('a', 5, 9, 5)],
    ],
    [
      'a later one over several',
      [extent('a', 0, 3), extent('b', 3, 6), extent('c', 2, 5, 2)],
      [segment('a', 0, 2), segment('c', 2, 5), segment('b', 5, 6, 2)],
    ],
    [
      'an earlier one that reaches further',
      [extent('a', 0, 9), extent('b', 0, 5, 2)],
      [segment('b', 0, 5), segment('a', 5, 9, 5)],
    ],
    ['the same turn: always the same one', [extent('a', 0, 5), extent('b', 0, 5)], [segment('b', 0, 5)]],
  ])('%s', (_, extents, segments) => {
    expect(segmentsOf(extents)).toEqual(segments);
    expect(segmentsOf([...extents].reverse())).toEqual(segments);
  });

  it('is clipped, joined and measured', () => {
    const all = [segment('a', 0, 10, 3), segment('b', 10, 20), segment('c', 25, 30)];
    expect(clipped(all, 5, 12)).toEqual([segment('a', 5, 10, 8), segment('b', 10, 12)]);
    expect(joined([...clipped(all, 0, 4), ...clipped(all, 4, 20)])).toEqual(all.slice(0, 2));
    expect(joined([segment('a', 0, 2), segment('a', 2, 4, 7)])).toHaveLength(2);
    expect([0, 5, 20, 25, 40].map((start) => contiguousEnd(all, start))).toEqual([20, 20, 20, 30, 40]);
    expect(sameSegments(all, structuredClone(all))).toBe(true);
    expect(sameSegments(all, all.slice(1))).toBe(false);
    expect(sameSegments(all, [...all.slice(1), segment('c', 25, 30, 1)])).toBe(false);
  });
});

describe('how an object is made of pieces', () => {
  /** Objects of these sizes, one after the other. */
  function laid(...sizes: number[]): Segment[] {
    let start = 0;
    return sizes.map((size, index) => segment(`o${index}`, start, (start += size)));
  }

  it.each<[string, Segment[], [string, number][]]>([
    ['nothing', [], []],
    ['one small piece is copied', laid(5), [['copy', 5]]],
    ['small ones are put together', laid(5, 6, 7), [['rewrite', 18]]],
    [
      'chunks are copied, however short the last',
      laid(5 * MIB, 5 * MIB, 1),
      [
        ['copy', 5 * MIB],
        ['copy', 5 * MIB],
        ['copy', 1],
      ],
    ],
    [
      'a small one takes what it lacks from a large one',
      laid(MIB, 20 * MIB),
      [
        ['rewrite', 5 * MIB],
        ['copy', 16 * MIB],
      ],
    ],
    [
      'a small one takes all of one that would become too small',
      laid(MIB, 8 * MIB, 8 * MIB),
      [
        ['rewrite', 9 * MIB],
        ['copy', 8 * MIB],
      ],
    ],
    [
      'small ones at the end are put together',
      laid(6 * MIB, 1, 2),
      [
        ['copy', 6 * MIB],
        ['rewrite', 3],
      ],
    ],
  ])('%s', (_, segments, steps) => {
    expect(planAssembly(segments).map(({ kind, size }) => [kind, size])).toEqual(steps);
  });

  it.each([
    ['the smallest chunks', 10_000, 5 * MIB],
    ['many appendices', 50_000, MIB],
    ['large chunks', 10_000, 64 * MIB],
    ['chunks that are too many', 30_000, 20 * MIB],
  ])('takes no more than 10,000 parts and leaves out no byte: %s', (_, count, size) => {
    const segments = laid(...Array.from({ length: count }, () => size), 17);
    const steps = planAssembly(segments);
    expect(steps.length).toBeLessThanOrEqual(10_000);
    expect(steps.slice(0, -1).every((step) => step.size >= 5 * MIB)).toBe(true);
    expect(joined(steps.flatMap((step) => step.segments))).toEqual(segments);
  });
});

describe('keys', () => {
  it('are read as they are written', () => {
    const key = keys.extent('p_1', { start: 7, end: 2 ** 53 - 1, turn: 12 }, 'abc0');
    expect(parseExtent(key)).toEqual({ key, start: 7, end: 2 ** 53 - 1, turn: 12 });
    expect(partOf(key)).toBe('p_1');
    expect(wholeOf(keys.within('p_1', 'w-2'))).toBe('w-2');
    expect(wholeOf(key)).toBeNull();
    expect(sha256Of(keys.blob('ab'.repeat(32)))).toBe('ab'.repeat(32));
  });

  it.each([
    'blobs/ab/cd/ef',
    `blobs/00/ab/${'ab'.repeat(32)}`,
    `blobs/ab/ab/${'AB'.repeat(32)}`,
    'parts/a/part',
  ])('passes over %s', (key) => {
    expect(sha256Of(key)).toBeNull();
    expect(parseExtent(key)).toBeNull();
  });

  it('sort as their places do', () => {
    const places = [0, 9, 10, 5 * MIB, 2 ** 40].map((start) => keys.bytesFrom('p', start));
    expect([...places].sort()).toEqual(places);
  });
});
