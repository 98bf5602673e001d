import fc from 'fast-check';
import type { Extent } from '../../../src/models/sql';
import {
  cutOf,
  indicesOf,
  NOTHING_CUT,
  placeChunk,
  placedChunks,
  type Chunk,
  type Cut,
} from '../../../src/services/chunk-placing';

/** All chunks of a file, in order. */
function chunksOf(size: number, chunkSize: number): Chunk[] {
  const count = Math.max(Math.ceil(size / chunkSize), 1);
  return Array.from({ length: count }, (_, index) => ({
    index,
    length: Math.min(chunkSize, size - index * chunkSize),
  }));
}

/** Where each chunk lies at last; it is told of one whose place changes. */
function placeAll(chunks: Chunk[]): { cut: Cut; starts: Map<number, number> } {
  const starts = new Map<number, number>();
  let cut = NOTHING_CUT;
  for (const chunk of chunks) {
    const placing = placeChunk(cut, chunk);
    if (placing.settled) starts.set(placing.settled.chunk.index, placing.settled.start);
    if (placing.start !== null) starts.set(chunk.index, placing.start);
    cut = placing.cut;
  }
  return { cut, starts };
}

describe('the place of a chunk', () => {
  it('is index times the length of the others, in whatever order they come, and however often', () => {
    const file = fc.tuple(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 50 }));
    const order = file.chain(([size, chunkSize]) => {
      const chunks = chunksOf(size, chunkSize);
      return fc.record({
        chunkSize: fc.constant(chunkSize),
        count: fc.constant(chunks.length),
        sent: fc
          .tuple(
            fc.shuffledSubarray(chunks, { minLength: chunks.length }),
            fc.array(fc.constantFrom(...chunks), { maxLength: 10 }),
            fc.array(fc.constantFrom(...chunks), { maxLength: 3 }),
          )
          .map(([all, again, before]) => [...before, ...all, ...again]),
      });
    });
    fc.assert(
      fc.property(order, ({ chunkSize, count, sent }) => {
        const { starts, cut } = placeAll(sent);
        for (let index = 0; index < count; index += 1) expect(starts.get(index)).toBe(index * chunkSize);
        expect(cut.highest).toBe(count - 1);
      }),
    );
  });

  it('is not known of a lone chunk that is not the first', () => {
    const { cut, start } = placeChunk(NOTHING_CUT, { index: 3, length: 7 });
    expect([start, cut]).toEqual([null, { ...NOTHING_CUT, lone: { index: 3, length: 7 }, highest: 3 }]);
  });

  it.each<[string, [number, number][], [number, number]]>([
    ['is longer than the first', [[0, 10]], [1, 11]],
    [
      'is shorter in the middle',
      [
        [0, 10],
        [2, 10],
      ],
      [1, 9],
    ],
    [
      'is shorter as the highest one was before',
      [
        [0, 10],
        [1, 10],
      ],
      [1, 9],
    ],
    [
      'would be a second short one',
      [
        [0, 10],
        [3, 4],
      ],
      [2, 4],
    ],
    [
      'lies behind the short one',
      [
        [0, 10],
        [2, 4],
      ],
      [3, 10],
    ],
    [
      'changes the short one',
      [
        [0, 10],
        [2, 4],
      ],
      [2, 5],
    ],
    [
      'makes the short one a full one',
      [
        [0, 10],
        [2, 4],
      ],
      [2, 10],
    ],
    ['is longer than a lone one before it', [[1, 10]], [2, 11]],
    ['is shorter than a lone one behind it', [[2, 10]], [1, 9]],
    ['changes a lone one', [[2, 10]], [2, 11]],
    ['has bytes where the first has none', [[0, 0]], [1, 1]],
  ])('is nowhere when it %s', (_what, before, [index, length]) => {
    const { cut } = placeAll(before.map(([at, size]) => ({ index: at, length: size })));
    expect(() => placeChunk(cut, { index, length })).toThrow(/^Chunk \d+ cannot have \d+ bytes/);
  });
});

describe('the chunks that are there', () => {
  const known = { chunkSize: 10, lone: null, last: null, highest: 0 };
  it.each<[string, Cut, Extent[], number[]]>([
    ['none', NOTHING_CUT, [], []],
    ['a lone one', { ...NOTHING_CUT, lone: { index: 4, length: 7 } }, [{ start: 999, end: 1006 }], [4]],
    ['a lone one whose bytes never came', { ...NOTHING_CUT, lone: { index: 4, length: 7 } }, [], []],
    ['the first two', known, [{ start: 0, end: 20 }], [0, 1]],
    [
      'some',
      known,
      [
        { start: 10, end: 20 },
        { start: 40, end: 60 },
      ],
      [1, 4, 5],
    ],
    [
      'with a shorter last one',
      known,
      [
        { start: 0, end: 10 },
        { start: 20, end: 24 },
      ],
      [0, 2],
    ],
    ['of an empty file', { ...known, chunkSize: 0 }, [], []],
  ])('are %s', (_what, cut, extents, expected) => {
    expect(indicesOf(placedChunks(cut, extents))).toEqual(expected);
  });

  it('are kept as text', () => {
    const cut: Cut = { chunkSize: 10, lone: null, last: { index: 3, length: 2 }, highest: 3 };
    expect(cutOf({ clientState: JSON.stringify(cut) })).toEqual(cut);
    expect(cutOf({ clientState: null })).toEqual(NOTHING_CUT);
  });
});
