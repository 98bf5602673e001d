import { acceptableCodings, isCompressible } from '../../../src/services/http/content-codings';

describe('the codings that a request takes', () => {
  it.each<[string | undefined, string]>([
    [undefined, 'identity'],
    ['', 'identity'],
    ['identity', 'identity'],
    ['gzip', 'gzip identity'],
    ['br', 'br identity'],
    ['gzip, deflate, br, zstd', 'br gzip identity'],
    ['gzip,br', 'br gzip identity'],
    ['zstd, deflate, compress', 'identity'],
    ['GZip', 'gzip identity'],
    ['x-gzip', 'gzip identity'],
    ['gzip;q=1, br;q=0.5', 'gzip br identity'],
    ['gzip;q=0.999, br', 'br gzip identity'],
    ['gzip;q=0.001', 'gzip identity'],
    ['gzip;q=0.8 , br ; q=0.9', 'br gzip identity'],
    ['gzip;Q=0.8, br;q=0.7', 'gzip br identity'],
    ['br;q=0, gzip', 'gzip identity'],
    ['br;q=0.000, gzip', 'gzip identity'],
    ['gzip;q=0', 'identity'],
    ['gzip;q=0.5, identity', 'identity gzip'],
    ['gzip;q=0.5, identity;q=0.5', 'gzip identity'],
    ['gzip;q=0.5, identity;q=0.6', 'identity gzip'],
    ['gzip, identity;q=0', 'gzip'],
    ['identity;q=0', ''],
    ['*', 'br gzip identity'],
    ['*;q=0.5', 'br gzip identity'],
    ['*;q=0', ''],
    ['*;q=0, gzip', 'gzip'],
    ['*;q=0, identity', 'identity'],
    ['*;q=0, identity;q=0.1, br;q=0.05', 'identity br'],
    ['br;q=0, *', 'gzip identity'],
    ['identity;q=0.5, *;q=0.4', 'identity br gzip'],
    ['gzip;q=0.3, *;q=0.7', 'br identity gzip'],
    ['gzip;q=0, gzip', 'identity'],
    ['gzip;q=2', 'identity'],
    ['gzip;q=1.001', 'identity'],
    ['gzip;q=0.1234', 'identity'],
    ['gzip;q=-1', 'identity'],
    ['gzip;q=', 'identity'],
    ['gzip;level=9', 'identity'],
    ['g zip, br', 'br identity'],
    [', ,gzip,,', 'gzip identity'],
    ['\u00a0gzip', 'identity'],
    ['toString, constructor', 'identity'],
  ])('of %j are %s', (value, expected) => {
    expect(acceptableCodings(value === undefined ? undefined : [value])).toEqual(
      expected === '' ? [] : expected.split(' '),
    );
  });

  it('may be said in several lines', () => {
    expect(acceptableCodings(['gzip', 'identity;q=0, br;q=0.5'])).toEqual(['gzip', 'br']);
  });

  it('are read in bounded time', () => {
    for (const value of ['gzip;'.repeat(4000), `gzip${' '.repeat(16_000)};q=1x`, ','.repeat(16_000)]) {
      expect(acceptableCodings([value])).toEqual(['identity']);
    }
  });
});

it.each([
  ['text/css; charset=utf-8', true],
  ['text/javascript', true],
  ['application/javascript', true],
  ['application/json; charset=utf-8', true],
  ['application/manifest+json', true],
  ['application/wasm', true],
  ['image/svg+xml', true],
  ['font/ttf', true],
  ['font/woff2', false],
  ['image/png', false],
  ['video/mp4', false],
  ['application/gzip', false],
  ['application/x-tar', false],
  ['application/octet-stream', false],
  ['application/jsonx', false],
])('%s is worth compressing: %s', (type, expected) => {
  expect(isCompressible(type)).toBe(expected);
});
