import fc from 'fast-check';
import type { Extent, SqlStore } from '../../../src/models/sql';
import { anUpload, at } from './records';

type Pair = [start: number, end: number];

function extentsOf(pairs: Pair[]): Extent[] {
  return pairs.map(([start, end]) => ({ start, end }));
}

/** The same as the ledger, byte by byte. */
function runsOf(bytes: Set<number>): Extent[] {
  const runs: Extent[] = [];
  for (const byte of [...bytes].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last?.end === byte) last.end += 1;
    else runs.push({ start: byte, end: byte + 1 });
  }
  return runs;
}

export function extentsContract(store: () => SqlStore): void {
  async function upload() {
    const record = anUpload();
    await store().uploads.insert(record);
    return record.id;
  }
  async function add(id: string, ...extents: Extent[]) {
    await store().transaction(async (tables) => {
      await tables.uploads.touch(id, at(60_000));
      for (const extent of extents) await tables.extents.add(id, extent);
    });
  }

  describe('extents', () => {
    it.each<[string, Pair[], Pair[]]>([
      [
        'apart',
        [
          [5, 6],
          [1, 2],
        ],
        [
          [1, 2],
          [5, 6],
        ],
      ],
      [
        'touching on the left',
        [
          [5, 6],
          [4, 5],
        ],
        [[4, 6]],
      ],
      [
        'touching on the right',
        [
          [4, 5],
          [5, 6],
        ],
        [[4, 6]],
      ],
      [
        'overlapping',
        [
          [4, 8],
          [6, 10],
        ],
        [[4, 10]],
      ],
      [
        'inside',
        [
          [4, 8],
          [5, 6],
        ],
        [[4, 8]],
      ],
      [
        'around',
        [
          [4, 5],
          [7, 8],
          [1, 20],
        ],
        [[1, 20]],
      ],
      [
        'closing a gap',
        [
          [0, 5],
          [10, 15],
          [5, 10],
        ],
        [[0, 15]],
      ],
      [
        'closing several',
        [
          [0, 1],
          [2, 3],
          [4, 5],
          [9, 10],
          [1, 4],
        ],
        [
          [0, 5],
          [9, 10],
        ],
      ],
      [
        'twice',
        [
          [4, 8],
          [4, 8],
        ],
        [[4, 8]],
      ],
      ['of nothing', [[4, 4]], []],
      [
        'beyond 2^32',
        [
          [0, 2 ** 40],
          [2 ** 40, 2 ** 53 - 1],
        ],
        [[0, 2 ** 53 - 1]],
      ],
    ])('joins what is added: %s', async (_, added, kept) => {
      const id = await upload();
      await add(id, ...extentsOf(added));
      expect(await store().extents.listOf(id)).toStrictEqual(extentsOf(kept));
      // Sums over all uploads could not be exact beside the largest.
      await store().extents.clear(id);
    });

    it('joins extents in any order as a set of bytes does', async () => {
      const extent = fc
        .tuple(fc.nat(60), fc.nat(12))
        .map(([start, length]) => ({ start, end: start + length }));
      const property = fc.asyncProperty(
        fc.array(extent, { minLength: 1, maxLength: 25 }),
        async (extents) => {
          const id = await upload();
          await add(id, ...extents);
          const bytes = new Set<number>();
          for (const { start, end } of extents) for (let byte = start; byte < end; byte += 1) bytes.add(byte);
          expect(await store().extents.listOf(id)).toEqual(runsOf(bytes));
        },
      );
      await fc.assert(property, { numRuns: 40 });
    });

    it('joins all chunks of an upload, in random order, to one', async () => {
      const chunks = Array.from({ length: 60 }, (_, index) => index);
      const property = fc.asyncProperty(fc.shuffledSubarray(chunks, { minLength: 60 }), async (order) => {
        const id = await upload();
        await add(id, ...order.map((index) => ({ start: index * 5, end: index * 5 + 5 })));
        expect(await store().extents.listOf(id)).toEqual([{ start: 0, end: 300 }]);
      });
      await fc.assert(property, { numRuns: 5 });
    });

    it('joins chunks that arrive at once', async () => {
      const id = await upload();
      const starts = Array.from({ length: 20 }, (_, index) => ((index * 7) % 20) * 10);
      await Promise.all(starts.map((start) => add(id, { start, end: start + 10 })));
      expect(await store().extents.listOf(id)).toEqual([{ start: 0, end: 200 }]);
    });

    it('lists many at once, also those without any', async () => {
      const [first, second, empty] = [await upload(), await upload(), await upload()];
      await add(first, { start: 5, end: 6 }, { start: 0, end: 1 });
      await add(second, { start: 3, end: 4 });
      const lists = await store().extents.listOfMany([first, empty]);
      expect(lists).toEqual(
        new Map([
          [
            first,
            [
              { start: 0, end: 1 },
              { start: 5, end: 6 },
            ],
          ],
          [empty, []],
        ]),
      );
      expect(await store().extents.listOfMany([])).toEqual(new Map());
    });

    it('are added in a transaction only', async () => {
      const id = await upload();
      await expect(store().extents.add(id, { start: 0, end: 1 })).rejects.toThrow('transaction');
    });

    it('are cleared, and counted while their upload is open', async () => {
      const before = await store().extents.sumReceived();
      const [open, ended, other] = [await upload(), await upload(), await upload()];
      for (const id of [open, ended, other])
        await add(id, { start: 0, end: 2 ** 33 }, { start: 2 ** 34, end: 2 ** 34 + 1 });
      await store().uploads.end(ended, 'aborted');
      expect((await store().extents.sumReceived()) - before).toBe(2 * (2 ** 33 + 1));
      await store().extents.clear(other);
      expect(await store().extents.listOf(other)).toEqual([]);
      expect(await store().extents.listOf(open)).toHaveLength(2);
      expect((await store().extents.sumReceived()) - before).toBe(2 ** 33 + 1);
      await store().extents.clear(open);
    });
  });
}
