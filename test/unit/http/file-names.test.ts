import fc from 'fast-check';
import { cleanFileName } from '../../../src/services/http/file-names';

describe('cleanFileName', () => {
  it.each([
    ['a b;c=d.txt', 'a b;c=d.txt'],
    ['a"b\\c.txt', 'c.txt'],
    ['中文.bin', '中文.bin'],
    ['naïve.txt', 'naïve.txt'],
    ['nai\u0308ve.txt', 'naïve.txt'],
    ['😀.zip', '😀.zip'],
    ['👩\u200d🚀.png', '👩\u200d🚀.png'],
    ['a\r\nb.txt', 'ab.txt'],
    ['a\r\nSet-Cookie: x=1', 'aSet-Cookie: x=1'],
    ['a\0b\x7f\x85\u2028.txt', 'ab.txt'],
    ['%41.txt', '%41.txt'],
    ['..%2f..%2fx', '..%2f..%2fx'],
    ["it's(1)*.txt", "it's(1)*.txt"],
    ['../../x', 'x'],
    ['/etc/passwd', 'passwd'],
    ['C:\\x\\y', 'y'],
    ['a/b\\c/d.txt', 'd.txt'],
    ['folder/', 'folder'],
    ['gpj.\u202eexe', 'gpj.exe'],
    ['\u200e\u200f\u2066a\u2069\u061c.txt', 'a.txt'],
    ['\ud800a\udc00.txt', '\ufffda\ufffd.txt'],
    ['  a.txt\u00a0', 'a.txt'],
    ['.gitignore', '.gitignore'],
    ['...', '...'],
    ['CON', 'CON'],
    ['', 'file'],
    ['/', 'file'],
    ['   ', 'file'],
    ['.', 'file'],
    ['..', 'file'],
    ['a/..', 'file'],
    ['.\u202e.', 'file'],
    ['.. ', 'file'],
    ['\r\n', 'file'],
  ])('%j becomes %j', (name, expected) => {
    expect(cleanFileName(name)).toBe(expected);
  });

  it.each([
    ['300 characters', 'x'.repeat(300), 'x'.repeat(255)],
    ['300 characters and an extension', `${'x'.repeat(300)}.txt`, `${'x'.repeat(251)}.txt`],
    ['100 of three bytes', `${'中'.repeat(100)}.txt`, `${'中'.repeat(83)}.txt`],
    ['100 of four bytes', `${'😀'.repeat(100)}.zip`, `${'😀'.repeat(62)}.zip`],
    ['exactly 255', `${'x'.repeat(251)}.txt`, `${'x'.repeat(251)}.txt`],
    ['300 characters after a dot', `a.${'x'.repeat(300)}`, `a.${'x'.repeat(253)}`],
    ['a dot first', `.${'x'.repeat(300)}`, `.${'x'.repeat(254)}`],
    ['a cut that ends in white space', `x${' '.repeat(300)}y`, 'x'],
    ['a cut that leaves a dot', `.${' '.repeat(300)}y`, 'file'],
  ])('%s', (_name, name, expected) => {
    expect(cleanFileName(name)).toBe(expected);
  });

  it('gives a name that is clean, short and stays as it is, for any text', () => {
    const unit = fc.oneof(
      { weight: 3, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 4 }) },
      { weight: 1, arbitrary: fc.nat({ max: 0xffff }).map((code) => String.fromCharCode(code)) },
      {
        weight: 2,
        arbitrary: fc.constantFrom('.', '/', '\\', ' ', '\u202e', '\u0308', '\u0958', '한', '.txt', '\ud83d'),
      },
    );
    const text = fc.array(unit, { maxLength: 400, size: 'max' }).map((units) => units.join(''));
    fc.assert(
      fc.property(text, (value) => {
        const clean = cleanFileName(value);
        expect(cleanFileName(clean)).toBe(clean);
        expect(Buffer.byteLength(clean)).toBeLessThanOrEqual(255);
        expect(Buffer.from(clean).toString()).toBe(clean);
        expect(clean.normalize('NFC')).toBe(clean);
        expect(['', '.', '..']).not.toContain(clean);
        expect(clean).not.toMatch(/[/\\\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u);
      }),
      { numRuns: 500 },
    );
  });
});
