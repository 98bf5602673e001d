import fc from 'fast-check';
import { isInlineSafe, normalizeMediaType } from '../../../src/services/http/media-types';

describe('normalizeMediaType', () => {
  it.each([
    ['image/png', 'image/png'],
    ['Image/PNG', 'image/png'],
    [' text/html;Charset=UTF-8 ', 'text/html; charset=UTF-8'],
    ['text/html ; charset="utf-8"', 'text/html; charset=utf-8'],
    ['text/plain; a="b c"', 'text/plain; a="b c"'],
    [String.raw`text/plain; a="b\"c"`, String.raw`text/plain; a="b\"c"`],
    ['text/plain; a=1; A=2', 'text/plain; a=1'],
    ['text/plain;', 'text/plain'],
    ['text/plain; ; a=1', 'text/plain; a=1'],
    ['application/vnd.ms-excel', 'application/vnd.ms-excel'],
    ['image/svg+xml', 'image/svg+xml'],
  ])('%j is %j', (value, expected) => {
    expect(normalizeMediaType(value)).toBe(expected);
    expect(normalizeMediaType(expected)).toBe(expected);
  });

  it.each([
    undefined,
    '',
    'png',
    'image/',
    '/png',
    'image/png/x',
    'image /png',
    'image/png, text/html',
    'image/png x',
    'text/plain; a',
    'text/plain; a=',
    'text/plain; a = b',
    'text/plain; a="b',
    'text/plain; a="b"c',
    'text/plain\r\nSet-Cookie: a=b',
    'text/plain; a="\r\n"',
    'text/plain; a="\u4e2d"',
    'te\u00e9t/plain',
    '*/*',
    'image/*',
    'multipart/byteranges; boundary=x',
    `text/${'x'.repeat(300)}`,
    `text/plain;a=b;c=${'x'.repeat(237)}`,
  ])('%j is application/octet-stream', (value) => {
    expect(normalizeMediaType(value)).toBe('application/octet-stream');
  });

  it('gives something that may be sent and stays as it is, for any text', () => {
    const unit = fc.constantFrom(...Array.from('aB1/;= \t"\\*\r\n\u00e9'), 'text/plain');
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit })), (value) => {
        const type = normalizeMediaType(value);
        expect(type).toMatch(/^[\t\x20-\x7e]{1,255}$/);
        expect(normalizeMediaType(type)).toBe(type);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('isInlineSafe', () => {
  it.each([
    ['image/png', true],
    ['image/jpeg', true],
    ['image/webp', true],
    ['audio/mpeg', true],
    ['video/mp4', true],
    ['Text/Plain; charset=utf-8', true],
    ['image/svg+xml', false],
    ['IMAGE/SVG+XML; charset=utf-8', false],
    ['image/svg', false],
    ['image/x+xml', false],
    ['text/html', false],
    ['application/xhtml+xml', false],
    ['text/xml', false],
    ['application/xml', false],
    ['application/pdf', false],
    ['text/css', false],
    ['text/javascript', false],
    ['application/json', false],
    ['application/octet-stream', false],
    ['multipart/x-mixed-replace; boundary=x', false],
    ['garbage', false],
    ['', false],
  ])('%s: %s', (type, expected) => {
    expect(isInlineSafe(type)).toBe(expected);
  });
});
