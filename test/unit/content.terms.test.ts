import { phraseFilter, queryTerms, searchTerms } from '../../src/models/content/terms';

const termsOf = (body: string, title = '', tags: string[] = []) => [...searchTerms({ title, body, tags })];

describe('searchTerms', () => {
  it.each<[string, string[]]>([
    ['', []],
    [' \n.,%_\'"$', []],
    ['Hello, hello WORLD', ['hello', 'world']],
    ["don't a_b", ['don', 't', 'a', 'b']],
    ['渡轮', ['渡轮', '轮']],
    ['长江渡轮', ['长江', '江渡', '渡轮', '轮']],
    ['船', ['船']],
    ['Node20支持', ['node20', '支持', '持']],
    ['ひらカナ漢', ['ひら', 'らカ', 'カナ', 'ナ漢', '漢']],
    ['ｆｅｒｒｙ ﬁsh', ['ferry', 'fish']],
    ['Straße İstanbul', ['straße', 'i̇stanbul']],
    ['e\u0301t\u00e9', ['été']],
    ['Привет', ['привет']],
    ['𠮷野家', ['𠮷野', '野家', '家']],
    ['\u{1f6f6}\ud800', []],
    ['x'.repeat(100), ['x'.repeat(32)]],
  ])('of %j', (text, expected) => {
    expect(termsOf(text)).toEqual(expected);
  });

  it('has the tags, as they are but for case and width', () => {
    expect(termsOf('', '', ['River Boats', 'ＡＢ', '船'])).toEqual(['#river boats', '#ab', '#船']);
  });

  it('has the title first and an end', () => {
    const body = Array.from({ length: 50_000 }, (_, index) => `word${index}`).join(' ');
    const terms = termsOf(body, 'The title');
    expect(terms.slice(0, 3)).toEqual(['the', 'title', 'word0']);
    expect(terms).toHaveLength(10_000);
    expect(termsOf('𠮷'.repeat(100_000))).toEqual(['𠮷𠮷', '𠮷']);
  });

  it('has no term that is longer than its column', () => {
    const longest = Math.max(
      ...termsOf('𝒳'.repeat(500), '', ['\ufdfa'.repeat(40)]).map((term) => Array.from(term).length),
    );
    expect(longest).toBeLessThanOrEqual(64);
  });
});

describe('queryTerms', () => {
  const exactly = (text: string) => ({ text, prefix: false });
  const beginning = (text: string) => ({ text, prefix: true });

  it.each<[string, { q?: string; tag?: string }, ReturnType<typeof queryTerms>]>([
    ['nothing', {}, []],
    ['a word', { q: ' Ferry ' }, [beginning('ferry')]],
    ['words, each once', { q: 'a b a' }, [beginning('a'), beginning('b')]],
    ['signs', { q: '%.*$' }, null],
    ['one character', { q: '渡' }, [beginning('渡')]],
    ['a phrase', { q: '长江渡' }, [exactly('长江'), exactly('江渡')]],
    ['both', { q: '船boat' }, [beginning('船'), beginning('boat')]],
    ['a tag', { tag: 'River' }, [exactly('#river')]],
    ['a tag and a word', { tag: 'a', q: 'b' }, [exactly('#a'), beginning('b')]],
  ])('of %s', (_name, query, expected) => {
    expect(queryTerms(query)).toEqual(expected);
  });

  it('has an end', () => {
    expect(queryTerms({ q: Array.from({ length: 1000 }, (_, index) => `w${index}`).join(' ') })).toHaveLength(
      16,
    );
  });
});

describe('phraseFilter', () => {
  it.each<[string, string, boolean]>([
    ['武汉港', '从武汉港出发', true],
    ['武汉港', '汉港与武汉', false],
    ['武汉港 长江渡', '长江渡…武汉港', true],
    ['ＦＥＲＲＹ武汉港', '武汉港', true],
  ])('of %j keeps %j: %s', (q, body, kept) => {
    expect(phraseFilter(q)?.({ title: '', body })).toBe(kept);
    expect(phraseFilter(q)?.({ title: body, body: '' })).toBe(kept);
  });

  it.each([undefined, '', 'ferry boat', '武汉', '渡'])('leaves %j to the terms', (q) => {
    expect(phraseFilter(q)).toBeNull();
  });
});
