import { crc32 } from 'node:zlib';
import { cutZip, layOutZip, type ZipEntry, type ZipLayout } from '../../../src/services/archives/zip-layout';
import { readZip, readZipEnd } from '../../support/zip';

const GIB4 = 2 ** 32;
const TIME = Date.UTC(2026, 10, 22, 8, 15, 31, 999);

function anEntry(values: Partial<ZipEntry> = {}): ZipEntry {
  return { name: 'a.txt', size: 3, crc32: 0x12345678, modifiedAt: TIME, ...values };
}

/** Bytes of an archive whose files are all zeros, so that a large one is nowhere. */
function bytesOf(layout: ZipLayout, start: number, end: number): Buffer {
  const pieces = [...cutZip(layout, start, end)].map((span) =>
    span.kind === 'literal' ? span.bytes : Buffer.alloc(span.end - span.start),
  );
  return Buffer.concat(pieces);
}

function readBack(entries: ZipEntry[]) {
  const layout = layOutZip(entries);
  return { layout, ...readZip((start, end) => bytesOf(layout, start, end), layout.size) };
}

describe('the layout of a ZIP archive', () => {
  it('has what its entries have', () => {
    const given = [
      anEntry({ name: '照片/年度报告 😀.pdf', size: 70_000, crc32: 0xffffffff }),
      anEntry({ name: 'empty', size: 0, crc32: 0 }),
      anEntry({ name: 'last.bin', size: 1 }),
    ];
    const { layout, end, entries } = readBack(given);
    expect(end).toEqual({ zip64: false, count: 3, directoryAt: expect.any(Number) as number });
    for (const [index, entry] of entries.entries()) {
      const { name, size, crc32: checksum } = given[index]!;
      expect(entry).toMatchObject({ name, size, crc32: checksum });
      // Bit 11 says that names are UTF-8; no data descriptor, no compression, no encryption.
      expect(entry).toMatchObject({ flags: 0x0800, method: 0, versionNeeded: 20 });
      expect(entry).toMatchObject({ madeBy: 0x0314, attributes: 0o100644 * 0x10000 });
      const content = size === 0 ? [] : [{ kind: 'entry', index, start: 0, end: size }];
      expect([...cutZip(layout, entry.dataAt, entry.dataAt + size)]).toEqual(content);
    }
  });

  it('of nothing is an end record', () => {
    const { layout, entries } = readBack([]);
    expect(entries).toEqual([]);
    expect(layout.size).toBe(22);
  });

  it('follows from the entries alone', () => {
    const entries = [anEntry(), anEntry({ name: 'b' })];
    const [one, other] = [layOutZip(entries), layOutZip(structuredClone(entries))];
    expect(bytesOf(one, 0, one.size).equals(bytesOf(other, 0, other.size))).toBe(true);
  });

  it.each<[string, number, number[], number | null]>([
    ['odd seconds and milliseconds', TIME, [2026, 11, 22, 8, 15, 30], Math.floor(TIME / 1000)],
    ['midnight', Date.UTC(2024, 1, 29), [2024, 2, 29, 0, 0, 0], Date.UTC(2024, 1, 29) / 1000],
    ['the last second of a day', Date.UTC(2024, 11, 31, 23, 59, 59), [2024, 12, 31, 23, 59, 58], 1735689599],
    ['before DOS', Date.UTC(1975, 5, 1), [1980, 1, 1, 0, 0, 0], Date.UTC(1975, 5, 1) / 1000],
    ['before 1970', -1, [1980, 1, 1, 0, 0, 0], null],
    ['after 2038', 2 ** 31 * 1000, [2038, 1, 19, 3, 14, 8], null],
    ['after DOS', Date.UTC(2200, 0, 1), [2107, 12, 31, 23, 59, 58], null],
  ])('keeps times in UTC: %s', (_, modifiedAt, dosTime, unixTime) => {
    expect(readBack([anEntry({ modifiedAt })]).entries[0]).toMatchObject({ dosTime, unixTime });
  });

  describe('beyond 32 bits', () => {
    const TIME_ID = 0x5455;
    const WIDE_ID = 1;

    it.each<[number, number, number[]]>([
      [GIB4 - 2, 20, [TIME_ID]],
      [GIB4 - 1, 45, [WIDE_ID, TIME_ID]],
      [GIB4, 45, [WIDE_ID, TIME_ID]],
      [2 ** 50, 45, [WIDE_ID, TIME_ID]],
    ])('a size of %d', (size, versionNeeded, ids) => {
      const [entry] = readBack([anEntry({ size })]).entries;
      expect(entry).toMatchObject({ size, versionNeeded, offset: 0, extras: [ids, ids] });
    });

    /** Bytes of the local header of an entry named `a.txt`. */
    const HEADER = 30 + 5 + 9;

    it.each<[string, number, boolean]>([
      ['one byte before', GIB4 - 2 - HEADER, false],
      ['exactly at', GIB4 - 1 - HEADER, true],
      ['beyond', GIB4 - HEADER, true],
    ])('an offset %s the limit', (_, size, isFar) => {
      const { entries } = readBack([anEntry({ size }), anEntry({ name: 'b.txt' })]);
      expect(entries[0]).toMatchObject({ size, versionNeeded: 20 });
      expect(entries[1]).toMatchObject({
        offset: size + HEADER,
        size: 3,
        versionNeeded: isFar ? 45 : 20,
        // The local header has no offset, and so nothing that is wide.
        extras: [isFar ? [WIDE_ID, TIME_ID] : [TIME_ID], [TIME_ID]],
      });
    });

    it('a size and an offset of one entry', () => {
      const { entries } = readBack([anEntry({ size: GIB4 }), anEntry({ name: 'b.txt', size: 2 * GIB4 })]);
      expect(entries[1]).toMatchObject({ offset: GIB4 + HEADER + 20, size: 2 * GIB4 });
    });

    it.each<[string, number, boolean]>([
      ['one byte before', GIB4 - 2 - HEADER, false],
      ['exactly at', GIB4 - 1 - HEADER, true],
    ])('a directory %s the limit', (_, size, zip64) => {
      const { end, layout } = readBack([anEntry({ size })]);
      expect(end).toEqual({ zip64, count: 1, directoryAt: size + HEADER });
      expect(layout.size - end.directoryAt).toBe(46 + 5 + 9 + 22 + (zip64 ? 56 + 20 : 0));
    });

    it.each<[number, boolean]>([
      [65_534, false],
      [65_535, true],
      [65_536, true],
    ])('%d entries', (count, zip64) => {
      const entries = Array.from({ length: count }, (_, index) => anEntry({ name: `${index}`, size: 0 }));
      const layout = layOutZip(entries);
      const end = readZipEnd((from, to) => bytesOf(layout, from, to), layout.size);
      expect(end).toMatchObject({ zip64, count });
      expect(end.directoryAt + end.directorySize).toBe(end.endAt);
    });
  });
});

describe('cutting an archive', () => {
  const contents = [Buffer.from('alpha'), Buffer.alloc(0), Buffer.from('b'), Buffer.from('gamma delta')];
  const layout = layOutZip(
    contents.map((bytes, index) => anEntry({ name: `${index}`, size: bytes.length, crc32: crc32(bytes) })),
  );
  const cut = (start: number, end: number) =>
    Buffer.concat(
      [...cutZip(layout, start, end)].map((span) => {
        const bytes =
          span.kind === 'literal' ? span.bytes : contents[span.index]!.subarray(span.start, span.end);
        if (bytes.length === 0) throw new Error('an empty span');
        return bytes;
      }),
    );
  const whole = cut(0, layout.size);

  it('gives every range as it is in the whole', () => {
    expect(whole).toHaveLength(layout.size);
    for (let start = 0; start <= layout.size; start += 1) {
      for (let end = start; end <= layout.size; end += 1) {
        if (!cut(start, end).equals(whole.subarray(start, end))) throw new Error(`not ${start} to ${end}`);
      }
    }
  });

  it('touches no entry that is not in the range', () => {
    const { entries } = readZip((start, end) => whole.subarray(start, end), whole.length);
    const { dataAt } = entries[3]!;
    expect([...cutZip(layout, dataAt + 1, dataAt + 4)]).toEqual([
      { kind: 'entry', index: 3, start: 1, end: 4 },
    ]);
  });
});
