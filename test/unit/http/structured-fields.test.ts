import fc from 'fast-check';
import { parseDictionary, parseItem } from '../../../src/services/http/structured-fields';

describe('parseItem', () => {
  it.each<[string, unknown]>([
    ['42', { type: 'integer', value: 42 }],
    ['-0', { type: 'integer', value: -0 }],
    ['999999999999999', { type: 'integer', value: 999_999_999_999_999 }],
    ['-4.5', { type: 'decimal', value: -4.5 }],
    ['?1', { type: 'boolean', value: true }],
    ['?0', { type: 'boolean', value: false }],
    [String.raw`"a \"b\" \\"`, { type: 'string', value: String.raw`a "b" \ `.trimEnd() }],
    ['*a/b:c', { type: 'token', value: '*a/b:c' }],
    [':aGVsbG8=:', { type: 'bytes', value: Buffer.from('hello') }],
    [':aGVsbG8:', { type: 'bytes', value: Buffer.from('hello') }],
    ['::', { type: 'bytes', value: Buffer.alloc(0) }],
    ['  1  ', { type: 'integer', value: 1 }],
  ])('%s', (value, expected) => {
    expect(parseItem([value])?.item).toEqual(expected);
  });

  it.each([
    '',
    '1000000000000000',
    '1.',
    '1.2345',
    '1234567890123.1',
    '-',
    '--1',
    '?2',
    '?',
    '"a',
    String.raw`"\a"`,
    '"\u00e9"',
    ':a:',
    ':ab=c:',
    ':abc==:',
    ':ab=:',
    ':aGVs bG8=:',
    ':aGVs',
    ':-_:',
    '1 2',
    '\t1',
    '1, 2',
    '@1',
    '(1)',
    'a;B=1',
    'a;',
  ])('refuses %j', (value) => {
    expect(parseItem([value])).toBeNull();
  });

  it('refuses two lines', () => {
    expect(parseItem(['1', '2'])).toBeNull();
  });

  it('reads parameters', () => {
    const parameters = parseItem(['a;b; c=1;b="x"'])?.parameters;
    expect([...(parameters ?? [])]).toEqual([
      ['b', { type: 'string', value: 'x' }],
      ['c', { type: 'integer', value: 1 }],
    ]);
  });
});

describe('parseDictionary', () => {
  const bare = (value: string): unknown =>
    [...(parseDictionary([value]) ?? [])].map(([key, member]) => [
      key,
      'item' in member ? member.item.value : 'list',
    ]);

  it.each<[string, unknown]>([
    ['', []],
    ['a=1', [['a', 1]]],
    [
      'a=1 ,\t b=?0',
      [
        ['a', 1],
        ['b', false],
      ],
    ],
    [
      'a, b;x=2',
      [
        ['a', true],
        ['b', true],
      ],
    ],
    [
      'a=(1 "x"  :AA==:;q);p, *b-_.*=()',
      [
        ['a', 'list'],
        ['*b-_.*', 'list'],
      ],
    ],
    [
      'a=1,b=2,a=3',
      [
        ['a', 3],
        ['b', 2],
      ],
    ],
  ])('%j', (value, expected) => {
    expect(bare(value)).toEqual(expected);
  });

  it('goes over several lines', () => {
    expect([...(parseDictionary(['a=1', 'b=2']) ?? new Map()).keys()]).toEqual(['a', 'b']);
  });

  it.each([
    'a=',
    'a=1,',
    ',a=1',
    'a=1,,b=2',
    'A=1',
    '1=a',
    'a =1',
    'a= 1',
    'a=1 b=2',
    'a=(1',
    'a=(1,2)',
    'a=(1"x")',
    '\ta',
  ])('refuses %j', (value) => {
    expect(parseDictionary([value])).toBeNull();
  });

  it('gives an answer to any text', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom(...Array.from('a1=,;:?"\\() \t-.*Z/+')) })),
        (lines) => {
          const result = parseDictionary(lines);
          expect(result === null || result instanceof Map).toBe(true);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
