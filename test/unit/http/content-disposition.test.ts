import { parse } from 'content-disposition';
import fc from 'fast-check';
import { contentDisposition } from '../../../src/services/http/content-disposition';
import { cleanFileName } from '../../../src/services/http/file-names';

describe('contentDisposition', () => {
  it.each([
    ['a b;c=d.txt', 'a b;c=d.txt', 'a%20b%3Bc%3Dd.txt'],
    ['a"b\\c.txt', 'c.txt', 'c.txt'],
    ['a"b.txt', 'a_b.txt', 'a%22b.txt'],
    ['中文.bin', '__.bin', '%E4%B8%AD%E6%96%87.bin'],
    ['한국.txt', '__.txt', '%ED%95%9C%EA%B5%AD.txt'],
    ['naïve.txt', 'naive.txt', 'na%C3%AFve.txt'],
    ['😀.zip', '_.zip', '%F0%9F%98%80.zip'],
    ['a\r\nb.txt', 'ab.txt', 'ab.txt'],
    ['%41.txt', '_41.txt', '%2541.txt'],
    ["it's(1)*.txt", "it's(1)*.txt", 'it%27s%281%29%2A.txt'],
    ['../../x', 'x', 'x'],
    ['C:\\x\\y', 'y', 'y'],
    ['a\u202egpj.exe', 'agpj.exe', 'agpj.exe'],
    ['', 'file', 'file'],
    ['..', 'file', 'file'],
    ['\u0301.\u0301.', 'file', '%CC%81.%CC%81.'],
    [`${'x'.repeat(300)}.txt`, `${'x'.repeat(251)}.txt`, `${'x'.repeat(251)}.txt`],
  ])('%j', (name, fallback, extended) => {
    expect(contentDisposition('attachment', name)).toBe(
      `attachment; filename="${fallback}"; filename*=UTF-8''${extended}`,
    );
  });

  it('says inline when asked', () => {
    expect(contentDisposition('inline', 'a.png')).toBe(`inline; filename="a.png"; filename*=UTF-8''a.png`);
  });

  it('is read as the cleaned name by a parser, whatever the name', () => {
    const name = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.string());
    fc.assert(
      fc.property(name, (value) => {
        const header = contentDisposition('attachment', value);
        expect(header).toMatch(/^attachment; filename="[^"\\%]+"; filename\*=UTF-8''[\w!#$&+\-.^`|~%]+$/);
        expect(header).toMatch(/^[\x20-\x7e]+$/);
        expect(parse(header).parameters.filename).toBe(cleanFileName(value));
      }),
      { numRuns: 500 },
    );
  });
});
