import { readHashedChunk } from '../../../src/controllers/uploads/hashed-fields';
import { readResumableChunk } from '../../../src/controllers/uploads/resumable-fields';
import { readWechatChunk } from '../../../src/controllers/uploads/wechat-fields';
import { InvalidRequest } from '../../../src/errors';

type Fields = Record<string, unknown>;

/** The fields that a reader finds wrong. */
function wrongIn(read: () => unknown): string[] {
  try {
    read();
  } catch (error) {
    if (error instanceof InvalidRequest)
      return (error.members['errors'] as { path: string }[]).map(({ path }) => path);
    throw error;
  }
  return [];
}

const RESUMABLE: Fields = {
  ChunkNumber: '2',
  ChunkSize: '1000',
  CurrentChunkSize: '1500',
  TotalSize: '2500',
  Identifier: '2500-jpg',
  Filename: '照片.jpg',
  RelativePath: '夏/照片.jpg',
  TotalChunks: '2',
};

/** By the names of resumable.js. */
const named = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [`resumable${name}`, value]));

describe('what the resumable.js family says', () => {
  it.each([
    ['resumable.js', (name: string) => `resumable${name}`],
    ['flow.js', (name: string) => `flow${name}`],
    ['simple-uploader.js', (name: string) => name.charAt(0).toLowerCase() + name.slice(1)],
  ])('is read by the names of %s', (_client, nameOf) => {
    const fields = Object.fromEntries(
      Object.entries(RESUMABLE).map(([name, value]) => [nameOf(name), value]),
    );
    const expected = {
      identifier: '2500-jpg',
      name: '照片.jpg',
      relativePath: '夏/照片.jpg',
      type: undefined,
      size: 2500,
      chunkSize: 1000,
      extent: { start: 1000, end: 2500 },
    };
    expect(readResumableChunk(fields)).toEqual(expected);
    expect(readResumableChunk({}, fields)).toEqual(expected);
    expect(readResumableChunk({ ...fields, mine: 'x' }, { ...fields, upload: ['a', 'b'] })).toEqual(expected);
    expect(wrongIn(() => readResumableChunk({ ...fields, [nameOf('TotalSize')]: '2501' }, fields))).toEqual([
      nameOf('TotalSize'),
    ]);
  });

  it.each<[string, string, string, string, [number, number] | null]>([
    ['1', '1000', '2500', '2', [0, 1000]],
    ['2', '1000', '2500', '2', [1000, 2500]],
    ['2', '1000', '2500', '3', [1000, 2000]],
    ['3', '1000', '2500', '3', [2000, 2500]],
    ['2', '1000', '2000', '2', [1000, 2000]],
    ['1', '1000', '1999', '1', [0, 1999]],
    ['1', '1000', '1', '1', [0, 1]],
    ['1', '1000', '0', '1', [0, 0]],
    ['1', '1', '100000', '100000', [0, 1]],
    ['1', '1', '100001', '100001', null],
    ['3', '1000', '2500', '2', null],
    ['1', '1000', '2500', '1', null],
    ['1', '1000', '2500', '4', null],
    ['0', '1000', '2500', '2', null],
    ['1', '0', '2500', '2', null],
    ['1', '1000', '-1', '1', null],
  ])(
    'puts chunk %s of %s bytes, of a whole of %s in %s chunks, at %j',
    (number, chunkSize, size, count, extent) => {
      const fields = {
        ...named(RESUMABLE),
        ...named({ ChunkNumber: number, ChunkSize: chunkSize, TotalSize: size, TotalChunks: count }),
        resumableCurrentChunkSize: extent ? String(extent[1] - extent[0]) : '1',
      };
      if (extent === null) expect(wrongIn(() => readResumableChunk(fields))).not.toEqual([]);
      else expect(readResumableChunk(fields).extent).toEqual({ start: extent[0], end: extent[1] });
    },
  );

  it.each<[string, Fields, string[]]>([
    ['NaN', { ChunkNumber: 'NaN' }, ['resumableChunkNumber']],
    ['a sign', { TotalSize: '+5' }, ['resumableTotalSize']],
    ['white space', { TotalSize: ' 5' }, ['resumableTotalSize']],
    ['a fraction', { ChunkSize: '1.5' }, ['resumableChunkSize']],
    ['hexadecimal', { ChunkSize: '0x10' }, ['resumableChunkSize']],
    ['more than a number can be', { TotalSize: '9007199254740993' }, ['resumableTotalSize']],
    ['an array', { Identifier: ['a', 'b'] }, ['resumableIdentifier']],
    ['an object', { Filename: { $ne: null } }, ['resumableFilename']],
    ['a lone surrogate', { Filename: '\ud800' }, ['resumableFilename']],
    ['a name that is too long', { Filename: 'x'.repeat(1025) }, ['resumableFilename']],
    [
      'two that are missing',
      { Identifier: undefined, Filename: '' },
      ['resumableIdentifier', 'resumableFilename'],
    ],
  ])('is refused for %s', (_what, wrong, expected) => {
    expect(wrongIn(() => readResumableChunk(named({ ...RESUMABLE, ...wrong })))).toEqual(expected);
  });

  it.each(['__proto__', 'constructor', 'prototype'])('is refused for a field called %s', (name) => {
    const fields = Object.defineProperty(named(RESUMABLE), name, { value: 'x', enumerable: true });
    expect(wrongIn(() => readResumableChunk(fields))).toEqual([name]);
  });
});

describe('what miniprogram-file-uploader says', () => {
  const say = (
    index: string,
    chunkSize: string,
    totalChunks: string,
    totalSize: string,
    more: Fields = {},
  ): Fields => ({
    identifier: 'id',
    fileName: '',
    ...{ index, chunkSize, totalChunks, totalSize },
    ...more,
  });

  it.each<[string, string, string, string, [number, number, number] | null]>([
    ['0', '1000', '3', '2500', [1000, 0, 1000]],
    ['1', '1000', '3', '2500', [1000, 1000, 2000]],
    ['2', '500', '3', '2500', [1000, 2000, 2500]],
    ['2', '1000', '3', '3000', [1000, 2000, 3000]],
    ['0', '7', '1', '7', [7, 0, 7]],
    ['0', '6', '1', '7', null],
    ['2', '501', '3', '2500', null],
    ['2', '2500', '3', '2500', null],
    ['2', '1200', '3', '3000', null],
    ['0', '1000', '3', '3001', null],
    ['0', '1000', '3', '2000', null],
    ['3', '1000', '3', '3000', null],
    ['0', '0', '1', '0', null],
  ])('chunk %s of %s bytes, one of %s, of a whole of %s: %j', (index, length, count, size, expected) => {
    const fields = say(index, length, count, size);
    if (expected === null) {
      expect(wrongIn(() => readWechatChunk(fields))).not.toEqual([]);
    } else {
      const [chunkSize, start, end] = expected;
      expect(readWechatChunk(fields)).toEqual({
        ...{ identifier: 'id', name: '', size: Number(size), chunkSize },
        extent: { start, end },
      });
    }
  });
});

describe('what a home-grown client says', () => {
  it.each([
    ['h', 'h-0', 0],
    ['a-1', 'a-1-99999', 99_999],
    ['../x', '../x-7', 7],
  ])('under the hash %s, %s is chunk %d', (fileHash, hash, index) => {
    expect(readHashedChunk({ fileHash, hash, filename: 'a' })).toEqual({
      fileHash,
      hash,
      filename: 'a',
      index,
    });
  });

  it.each(['h-', 'h', 'g-0', 'h-00', 'h-1.5', 'h--1', 'h-100000', 'h-0 ', 'h-x'])(
    '%s is no chunk',
    (hash) => {
      expect(wrongIn(() => readHashedChunk({ fileHash: 'h', hash, filename: 'a' }))).toEqual(['hash']);
    },
  );
});
