import { call, documentPath, listOf, makeDocument, type ShownDocument } from '../support/documents';
import { API, makeUser, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';

let ferry: Ferry;
let author: TestUser;
let other: TestUser;

beforeAll(async () => {
  ferry = await startFerry();
  author = await makeUser(ferry);
  other = await makeUser(ferry);
});

afterAll(() => ferry.stop());

async function titles(query: string, user: TestUser | null = null): Promise<string[]> {
  const page = await listOf<ShownDocument>(ferry, user, `documents?limit=100&${query}`);
  return page.items.map(({ title }) => title);
}

describe('GET /documents?q=', () => {
  beforeAll(async () => {
    const texts = [
      ['The Ferryman', 'crosses the river at dawn'],
      ['长江渡轮时刻表', '早上七点从武汉港出发，晚上到达。'],
      ['渡轮与长江', '从武汉到港口，另一种顺序'],
      ['Über Flüsse', 'Fähren und Brücken'],
      ['Odds', "100% of a_b 'quoted' \\ back $where {a:1} <b>"],
      ['Mixed 中文text', 'Node20支持渡'],
    ];
    for (const [title, body] of texts) await makeDocument(ferry, author, { title, body });
  });

  it.each([
    ['ferryman', ['The Ferryman']],
    ['FERRY', ['The Ferryman']],
    ['dawn river', ['The Ferryman']],
    ['river moon', []],
    ['erry', []],
    ['渡轮', ['渡轮与长江', '长江渡轮时刻表']],
    ['长江渡轮', ['长江渡轮时刻表']],
    ['武汉港', ['长江渡轮时刻表']],
    ['渡', ['Mixed 中文text', '渡轮与长江', '长江渡轮时刻表']],
    ['武汉 渡轮', ['渡轮与长江', '长江渡轮时刻表']],
    ['ｆｅｒｒｙ', ['The Ferryman']],
    ['fähr', ['Über Flüsse']],
    ['FLÜSSE', ['Über Flüsse']],
    ['node20', ['Mixed 中文text']],
    ['text', ['Mixed 中文text']],
    ['100%', ['Odds']],
    ['1%0', []],
    ["'quoted'", ['Odds']],
    ['%', []],
    ['_', []],
    ["' OR 1=1 --", []],
    ['{"$ne":null}', []],
    ['.*', []],
    ['x'.repeat(200), []],
  ])('%s', async (q, expected) => {
    expect(await titles(`q=${encodeURIComponent(q)}`)).toEqual(expected);
  });

  it('follows edits', async () => {
    const document = await makeDocument(ferry, author, { title: 'Zebra', body: 'striped' });
    await call(ferry, author, 'patch', documentPath(document), { title: 'Okapi' }).expect(200);
    expect([await titles('q=zebra'), await titles('q=okapi+striped')]).toEqual([[], ['Okapi']]);
  });

  it.each([
    'q=',
    `q=${'x'.repeat(201)}`,
    'q=a&q=b',
    'q[$ne]=1',
    'sort=x',
    'author[$gt]=',
    'limit=101',
    'cursor=%00',
  ])('refuses %s', (query) => call(ferry, null, 'get', `${API}/documents?${query}`).expect(400));
});

describe('GET /documents', () => {
  it('filters by tag and author, and shows private ones to their author alone', async () => {
    const tag = 'Fährplan, 时刻';
    await makeDocument(ferry, author, { title: 'open', tags: [tag] });
    await makeDocument(ferry, author, { title: 'closed', tags: [tag], visibility: 'private' });
    await makeDocument(ferry, other, { title: 'theirs', tags: [tag.toUpperCase()] });
    const query = `tag=${encodeURIComponent(tag)}`;
    expect(await titles(query)).toEqual(['theirs', 'open']);
    expect(await titles(query, author)).toEqual(['theirs', 'closed', 'open']);
    expect(await titles(`${query}&author=${author.id}`, author)).toEqual(['closed', 'open']);
    expect(await titles(`${query}&author=${author.id}`, other)).toEqual(['open']);
    expect(await titles(`${query}&author=${author.id}&q=clos`, author)).toEqual(['closed']);
    expect(await titles(`author=${author.id}&tag=F`, author)).toEqual([]);
    expect(await titles('author=nobody')).toEqual([]);
  });

  it('has pages that stay right while others write', async () => {
    const tags = ['paged'];
    const made: ShownDocument[] = [];
    for (let index = 0; index < 10; index += 1)
      made.unshift(
        await makeDocument(ferry, author, { tags, visibility: index % 3 === 0 ? 'private' : 'public' }),
      );
    const seen: string[] = [];
    let cursor = '';
    for (;;) {
      const page = await listOf<ShownDocument>(ferry, author, `documents?tag=paged&limit=4${cursor}`);
      seen.push(...page.items.map(({ id }) => id));
      if (page.nextCursor === null) break;
      cursor = `&cursor=${page.nextCursor}`;
      await makeDocument(ferry, author, { tags });
      if (made[3]) await call(ferry, author, 'delete', documentPath(made[3]));
    }
    expect(seen).toEqual(made.map(({ id }) => id));
  });

  it('finds any page of many that have the words but not the phrase', async () => {
    for (let index = 0; index < 12; index += 1) {
      const right = index % 4 === 0;
      await makeDocument(ferry, author, {
        title: `P${index}`,
        body: right ? '甲乙丙' : '乙丙与甲乙',
        tags: ['phrases'],
      });
    }
    expect(await titles(`tag=phrases&q=${encodeURIComponent('甲乙丙')}`)).toEqual(['P8', 'P4', 'P0']);
    const first = await listOf<ShownDocument>(
      ferry,
      null,
      `documents?limit=2&q=${encodeURIComponent('甲乙丙')}`,
    );
    expect(first.items.map(({ title }) => title)).toEqual(['P8', 'P4']);
    const second = await listOf<ShownDocument>(
      ferry,
      null,
      `documents?limit=2&q=${encodeURIComponent('甲乙丙')}&cursor=${first.nextCursor}`,
    );
    expect([second.items.map(({ title }) => title), second.nextCursor]).toEqual([['P0'], null]);
  });

  it('loads authors and attachments once for a page, however long it is', async () => {
    const calls: string[] = [];
    const { users, files } = ferry.stores.sql;
    const spies = [
      jest.spyOn(users, 'findMany').mockName('users'),
      jest.spyOn(files, 'findMany').mockName('files'),
      jest.spyOn(users, 'find').mockName('user'),
    ];
    await titles('tag=paged', null);
    for (const spy of spies) {
      calls.push(...spy.mock.calls.map(() => spy.getMockName()));
      spy.mockRestore();
    }
    expect(calls).toEqual(['users']);
  });
});
