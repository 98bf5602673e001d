import { fileNameIn } from '../../../src/services/http/content-disposition';
import {
  formatLimit,
  parseBoolean,
  parseCount,
  parseInteropVersion,
} from '../../../src/services/http/draft-fields';

describe('a Boolean of the draft', () => {
  it.each([
    [['?1'], true],
    [['?0'], false],
    [[' ?1;a=b '], true],
    [['1'], null],
    [['true'], null],
    [['?1', '?0'], null],
    [[], null],
    [undefined, null],
  ])('%j is %j', (lines, expected) => expect(parseBoolean(lines)).toBe(expected));
});

describe('a count of the draft', () => {
  it.each([
    [['0'], 0],
    [['999999999999999'], 999_999_999_999_999],
    [['-1'], null],
    [['1.0'], null],
    [['"1"'], null],
    [['1', '2'], null],
    [undefined, null],
  ])('%j is %j', (lines, expected) => expect(parseCount(lines)).toBe(expected));
});

describe('Upload-Draft-Interop-Version', () => {
  it.each([
    [['3'], null],
    [['5'], 5],
    [['6'], 6],
    [['9'], 9],
    [['10'], null],
    [['x'], null],
  ])('%j is %j', (lines, expected) => expect(parseInteropVersion(lines)).toBe(expected));
});

describe('Upload-Limit', () => {
  it.each([
    [{ maxSize: 5, maxAge: null }, 8, 'max-size=5'],
    [{ maxSize: 5, maxAge: 60 }, 8, 'max-size=5, max-age=60'],
    [{ maxSize: 5, maxAge: 60 }, null, 'max-size=5, max-age=60'],
    [{ maxSize: 5, maxAge: 60 }, 6, 'max-size=5, expires=60'],
  ])('%j in version %j', (limit, version, expected) => expect(formatLimit(limit, version)).toBe(expected));
});

describe('the name in a Content-Disposition', () => {
  it.each([
    ['', null],
    ['inline', null],
    ['inline; filename=a.txt', 'a.txt'],
    ['inline; filename="a \\"b\\".txt"', 'a "b".txt'],
    ["inline; filename=x; filename*=UTF-8''%E6%B8%A1.txt", '渡.txt'],
    [`inline; filename="${Buffer.from('渡.txt').toString('latin1')}"`, '渡.txt'],
    ['inline; filename="\xe9.txt"', 'é.txt'],
    [';;;', null],
    ['inline; filename="', null],
  ])('%j is %j', (field, expected) => expect(fileNameIn(field)).toBe(expected));
});
