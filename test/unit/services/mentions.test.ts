import { mentionedNames } from '../../../src/services/mentions';

describe('mentionedNames', () => {
  it.each<[string, string[]]>([
    ['', []],
    ['@river', ['river']],
    ['Hi @River, and @RIVER!', ['river']],
    ['(@a) @b. @c-d, @e.f.', ['a', 'b', 'c-d', 'e.f']],
    ['@渡口 和@船', ['渡口']],
    ['me@river.example a/@b @@c', []],
    ['`@code` and\n```\n@block\n```\n@prose', ['prose']],
    ['```\n@never closed', []],
    ['@', []],
    ['@ river', []],
  ])('of %j', (text, expected) => {
    expect(mentionedNames(text)).toEqual(expected);
  });

  it('has an end', () => {
    expect(mentionedNames(Array.from({ length: 1000 }, (_, index) => `@u${index}`).join(' '))).toHaveLength(
      20,
    );
    expect(mentionedNames('@'.repeat(100_000))).toEqual([]);
    expect(mentionedNames('`'.repeat(100_000))).toEqual([]);
    expect(mentionedNames(`@${'x.'.repeat(100_000)}`)).toHaveLength(1);
  });
});
