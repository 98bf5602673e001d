import { entryNames } from '../../../src/services/archives/entry-names';

describe('names in an archive', () => {
  it.each<[string, string[], string[]]>([
    ['that differ stay', ['a.txt', 'b.txt', '中文.bin'], ['a.txt', 'b.txt', '中文.bin']],
    ['that are equal are numbered', ['a.txt', 'a.txt', 'a.txt'], ['a.txt', 'a (2).txt', 'a (3).txt']],
    ['that differ in case are equal', ['a.txt', 'A.TXT', 'É', 'é'], ['a.txt', 'A (2).TXT', 'É', 'é (2)']],
    ['that fold alike are equal', ['straße', 'STRASSE', 'ς', 'Σ'], ['straße', 'STRASSE (2)', 'ς', 'Σ (2)']],
    ['are numbered past those that are taken', ['a (2)', 'a', 'a', 'a'], ['a (2)', 'a', 'a (3)', 'a (4)']],
    ['that look numbered are numbered', ['a', 'a', 'a (2)'], ['a', 'a (2)', 'a (2) (2)']],
    ['without an extension', ['Makefile', 'Makefile'], ['Makefile', 'Makefile (2)']],
    ['that begin with a dot', ['.env', '.env', '.a.b', '.a.b'], ['.env', '.env (2)', '.a.b', '.a (2).b']],
    ['are equal however they are composed', ['é.txt', 'e\u0301.txt'], ['é.txt', 'é (2).txt']],
    ['are base names', ['../../etc/passwd', 'C:\\x\\y', '/', '..'], ['passwd', 'y', 'file', 'file (2)']],
  ])('%s', (_, names, expected) => {
    expect(entryNames(names)).toEqual(expected);
  });

  it('stay within 255 bytes with their numbers and extensions', () => {
    const name = `${'文'.repeat(90)}.pdf`;
    const names = entryNames(Array.from({ length: 12 }, () => name));
    expect(new Set(names).size).toBe(12);
    for (const one of names) expect(Buffer.byteLength(one)).toBeLessThanOrEqual(255);
    expect(names.at(-1)).toMatch(/^文+ \(12\)\.pdf$/);
  });

  it('are found for many equal ones', () => {
    const names = entryNames(Array.from({ length: 20_000 }, () => 'a.txt'));
    expect(new Set(names).size).toBe(20_000);
    expect(names.at(-1)).toBe('a (20000).txt');
  });
});
