import { crc32 } from 'node:zlib';
import { ArchiveReader } from '../../../src/services/archives/archive-reader';
import { layOutZip } from '../../../src/services/archives/zip-layout';
import { collect } from '../../contract/blobs/bench';

const KIB = 1024;
const contents = [10, 0, 16 * KIB, 300 * KIB, 5, 17 * KIB, 1, 64 * KIB].map((size, index) =>
  Buffer.alloc(size, `content ${index}, `),
);
const layout = layOutZip(
  contents.map((bytes, index) => ({
    ...{ name: `${index}.txt`, size: bytes.length, crc32: crc32(bytes), modifiedAt: 0 },
  })),
);

/** An archive over contents in memory, which reads all of them through one buffer, as stores may. */
function archive({ pieceSize = 32 * KIB, fail = -1, onPiece = () => Promise.resolve() } = {}) {
  const seen = { opened: [] as number[], open: 0, mostOpen: 0, pieces: 0 };
  const reader = new ArchiveReader({
    layout,
    open: (index) => {
      if (index === fail) return Promise.reject(new Error('lost'));
      const bytes = contents[index]!;
      let closed = false;
      seen.opened.push(index);
      seen.open += 1;
      seen.mostOpen = Math.max(seen.mostOpen, seen.open);
      return Promise.resolve({
        size: bytes.length,
        async *read(start: number, end: number) {
          const buffer = Buffer.alloc(pieceSize);
          for (let at = start; at < end; at += pieceSize) {
            const piece = bytes.subarray(at, Math.min(end, at + pieceSize));
            buffer.set(piece);
            yield buffer.subarray(0, piece.length);
            buffer.fill('x');
            await Promise.resolve();
          }
        },
        close: () => {
          if (!closed) seen.open -= 1;
          closed = true;
          return Promise.resolve();
        },
      });
    },
    onPiece: () => {
      seen.pieces += 1;
      return onPiece();
    },
  });
  return { reader, seen };
}

describe('reading an archive', () => {
  it.each([1 * KIB, 16 * KIB, 32 * KIB, 1024 * KIB])(
    'gives every range as it is in the whole, in pieces of %d',
    async (pieceSize) => {
      const { reader, seen } = archive({ pieceSize });
      const whole = await collect(reader.read(0, reader.size));
      expect(whole).toHaveLength(layout.size);
      const places = [0, 1, 29, 30, 60, 100, 16 * KIB, 17 * KIB, 200 * KIB, 330 * KIB, reader.size];
      for (const start of places) {
        for (const end of places.filter((place) => place >= start)) {
          expect((await collect(reader.read(start, end))).equals(whole.subarray(start, end))).toBe(true);
        }
      }
      expect(seen).toMatchObject({ open: 0, mostOpen: 1 });
      expect(() => reader.read(0, reader.size + 1)).toThrow(RangeError);
    },
  );

  it('opens a content when it comes to it, and none of those that are empty or outside', async () => {
    const { reader, seen } = archive();
    const bytes = reader.read(0, reader.size)[Symbol.asyncIterator]();
    await bytes.next();
    // The third one is large: what was gathered goes out before its first piece.
    expect(seen.opened).toEqual([0, 2, 3]);
    await bytes.return?.();
    await collect(reader.read(reader.size - 100, reader.size));
    expect(seen.opened).toEqual([0, 2, 3]);
    expect(seen.open).toBe(0);
  });

  it('puts small files together', async () => {
    const { reader } = archive({ pieceSize: 8 * KIB });
    const lengths: number[] = [];
    for await (const piece of reader.read(0, reader.size)) lengths.push(piece.length);
    expect(lengths.length).toBeLessThan(10);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(64 * KIB);
  });

  it('closes what is open when the reading is left, and when the archive is closed', async () => {
    const { reader, seen } = archive();
    for await (const piece of reader.read(20 * KIB, reader.size)) {
      expect(piece.length).toBeGreaterThan(0);
      expect(seen.open).toBe(1);
      break;
    }
    expect(seen.open).toBe(0);
    const bytes = reader.read(20 * KIB, reader.size)[Symbol.asyncIterator]();
    await bytes.next();
    expect(seen.open).toBe(1);
    await reader.close();
    await reader.close();
    expect(seen.open).toBe(0);
  });

  it('breaks off where a content is lost, with nothing left open', async () => {
    const { reader, seen } = archive({ fail: 3 });
    await expect(collect(reader.read(0, reader.size))).rejects.toThrow('lost');
    expect(seen).toMatchObject({ opened: [0, 2], open: 0 });
  });

  it('tells of each piece of a content', async () => {
    const { reader, seen } = archive({ pieceSize: 1024 * KIB });
    await collect(reader.read(0, reader.size));
    expect(seen.pieces).toBe(contents.filter(({ length }) => length > 0).length);
  });
});
