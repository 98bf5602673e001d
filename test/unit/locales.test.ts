import { statusByCode } from '../../src/errors';
import { messages, pickLocale, type Locale } from '../../src/locales';

describe('pickLocale', () => {
  const rows: [string, string | undefined, string | undefined, Locale][] = [
    ['nothing at all', undefined, undefined, 'en'],
    ['an empty header', undefined, '', 'en'],
    ['the cookie alone', 'zh', undefined, 'zh'],
    ['the cookie against the header', 'en', 'zh-CN,zh;q=0.9', 'en'],
    ['a cookie of an unknown language', 'fr', 'zh', 'zh'],
    ['a cookie with a region', 'zh-CN', 'en', 'en'],
    ['a cookie in capitals', 'ZH', 'en', 'en'],
    ['a region', undefined, 'zh-CN', 'zh'],
    ['a script and a region', undefined, 'zh-Hans-CN', 'zh'],
    ['another region', undefined, 'zh-TW', 'zh'],
    ['capitals', undefined, 'ZH-cn', 'zh'],
    ['what Chrome in China sends', undefined, 'zh-CN,zh;q=0.9,en;q=0.8', 'zh'],
    ['what Chrome in the US sends', undefined, 'en-US,en;q=0.9,zh-CN;q=0.8', 'en'],
    ['weights against the order', undefined, 'en;q=0.3, zh;q=0.7', 'zh'],
    ['three decimals', undefined, 'en;q=0.899,zh;q=0.9', 'zh'],
    ['equal weights, Chinese first', undefined, 'zh,en', 'zh'],
    ['equal weights, English first', undefined, 'en,zh', 'en'],
    ['the best of several members', undefined, 'zh-TW;q=0.2,en;q=0.5,zh-CN;q=0.9', 'zh'],
    ['languages that are not ours first', undefined, 'fr,de;q=0.9,zh;q=0.1', 'zh'],
    ['only languages that are not ours', undefined, 'fr-CH, fr;q=0.9', 'en'],
    ['a longer tag that only begins alike', undefined, 'zha', 'en'],
    ['a refusal of Chinese', undefined, 'zh;q=0', 'en'],
    ['a refusal of English beside a wildcard', undefined, 'en;q=0, *', 'zh'],
    ['a refusal of both', undefined, 'en;q=0, zh;q=0', 'en'],
    ['the wildcard alone', undefined, '*', 'en'],
    ['the wildcard below Chinese', undefined, 'zh, *;q=0.5', 'zh'],
    ['the wildcard above Chinese', undefined, 'zh;q=0.4, *;q=0.5', 'en'],
    ['the wildcard before Chinese, equal', undefined, '*, zh', 'zh'],
    ['white space', undefined, ' zh ; q=0.9 ,\ten;q=0.8', 'zh'],
    ['a capital Q', undefined, 'en;Q=0.1,zh;Q=0.2', 'zh'],
    ['empty members', undefined, ',, zh ,', 'zh'],
    ['a weight above 1', undefined, 'zh;q=1.5,en;q=0.1', 'en'],
    ['four decimals', undefined, 'zh;q=0.9999,en;q=0.1', 'en'],
    ['a weight that is no number', undefined, 'zh;q=high,en;q=0.1', 'en'],
    ['a negative weight', undefined, 'zh;q=-1', 'en'],
    ['an unknown parameter', undefined, 'zh;level=1,en;q=0.1', 'en'],
    ['a surplus parameter', undefined, 'zh;q=1;x=1,en;q=0.1', 'en'],
    ['underscores', undefined, 'zh_CN', 'en'],
    ['markup', undefined, '<script>,zh;q=0.5', 'zh'],
    ['the name of an object member', '__proto__', 'constructor', 'en'],
  ];

  it.each(rows)('%s', (_name, cookie, header, expected) => {
    expect(pickLocale(cookie, header)).toBe(expected);
  });

  it('reads a header of many members', () => {
    expect(pickLocale(undefined, 'fr;q=0.1,'.repeat(5_000) + 'zh;q=0.2')).toBe('zh');
  });
});

/** Every leaf of a table as `path: sentence`. */
function leaves(value: unknown, path = ''): [string, string][] {
  if (typeof value === 'string') return [[path, value]];
  if (typeof value !== 'object' || value === null) throw new Error(`${path} is neither text nor a group`);
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, path === '' ? key : `${path}.${key}`));
}

describe('messages', () => {
  it('has the same keys in both languages', () => {
    const keys = (locale: Locale) => leaves(messages[locale]).map(([path]) => path);
    expect(keys('zh').sort()).toEqual(keys('en').sort());
  });

  it.each(['en', 'zh'] as const)('has no empty or untrimmed sentence in %s', (locale) => {
    expect(leaves(messages[locale]).filter(([, text]) => text === '' || text !== text.trim())).toEqual([]);
  });

  it('keeps Chinese out of English, and half-width punctuation out of Chinese', () => {
    const han = /\p{Script=Han}/u;
    expect(leaves(messages.en).filter(([, text]) => han.test(text))).toEqual([]);
    expect(leaves(messages.zh).filter(([, text]) => /\p{Script=Han}\s*[,;:!?.]/u.test(text))).toEqual([]);
  });

  it('explains every code of the error catalogue, and no other', () => {
    expect(Object.keys(messages.en.errors).sort()).toEqual([...statusByCode.keys()].sort());
  });
});
