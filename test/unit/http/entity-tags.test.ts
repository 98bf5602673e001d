import {
  matchesStrongly,
  matchesWeakly,
  parseEntityTag,
  parseEntityTags,
} from '../../../src/services/http/entity-tags';

describe('parseEntityTag', () => {
  it.each([
    ['"a"', '"a"'],
    ['W/"a"', 'W/"a"'],
    ['""', '""'],
    [' "a"\t', '"a"'],
    ['"a,b\\c\u00e9"', '"a,b\\c\u00e9"'],
    ['w/"a"', null],
    ['W/ "a"', null],
    ['a', null],
    ['"a', null],
    ['"a""b"', null],
    ['"a b"', null],
    ['"a", "b"', null],
    ['"\u4e2d"', null],
    ['*', null],
    ['', null],
  ])('%j is %j', (value, expected) => {
    expect(parseEntityTag(value)).toBe(expected);
  });
});

describe('parseEntityTags', () => {
  it.each<[string[], '*' | string[] | null]>([
    [['*'], '*'],
    [['"a"'], ['"a"']],
    [['"a,b" , W/"c"'], ['"a,b"', 'W/"c"']],
    [
      ['"a"', '"b","c"'],
      ['"a"', '"b"', '"c"'],
    ],
    [[', ,"a",,'], ['"a"']],
    [[''], []],
    [['*', '*'], null],
    [['"a", *'], null],
    [['"a" "b"'], null],
    [['"a"W/"b"'], null],
    [['"a", b'], null],
    [['"a", "b'], null],
  ])('%j is %j', (lines, expected) => {
    expect(parseEntityTags(lines)).toEqual(expected);
  });

  it('comes to an end with a million of anything', () => {
    expect(parseEntityTags([' '.repeat(1_000_000) + 'x'])).toBeNull();
    expect(parseEntityTags([`"a"${' '.repeat(1_000_000)}x`])).toBeNull();
    expect(parseEntityTags([','.repeat(1_000_000)])).toEqual([]);
  });
});

/** The table of RFC 9110 §8.8.3.2. */
describe('comparison', () => {
  it.each([
    ['W/"1"', 'W/"1"', false, true],
    ['W/"1"', 'W/"2"', false, false],
    ['W/"1"', '"1"', false, true],
    ['"1"', '"1"', true, true],
  ])('%s and %s: strong %s, weak %s', (a, b, strong, weak) => {
    expect([matchesStrongly(a, b), matchesStrongly(b, a)]).toEqual([strong, strong]);
    expect([matchesWeakly(a, b), matchesWeakly(b, a)]).toEqual([weak, weak]);
  });
});
