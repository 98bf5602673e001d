import request from 'supertest';
import {
  call,
  commentPath,
  documentPath,
  listOf,
  makeComment,
  makeDocument,
  readDocument,
  type ShownComment,
  type ShownPage,
} from '../support/documents';
import { API, makeUser, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { expectProblem } from '../support/problems';

const MIB = 1024 * 1024;

describe('pages', () => {
  let ferry: Ferry;
  let author: TestUser;

  beforeAll(async () => {
    ferry = await startFerry();
    author = await makeUser(ferry);
  });

  afterAll(() => ferry.stop());

  /** Everything that a list has, the number of its pages, and the length of the longest one. */
  async function readAll(path: string): Promise<{ items: { id: string }[]; pages: number; longest: number }> {
    const items: { id: string }[] = [];
    let longest = 0;
    let pages = 0;
    let cursor = '';
    for (;;) {
      const answer = await call(ferry, author, 'get', `${API}/${path}?limit=100${cursor}`).expect(200);
      longest = Math.max(longest, Buffer.byteLength(answer.text));
      const page = answer.body as { items: { id: string }[]; nextCursor: string | null };
      items.push(...page.items);
      pages += 1;
      if (page.nextCursor === null) return { items, pages, longest };
      cursor = `&cursor=${page.nextCursor}`;
    }
  }

  it('of long documents end early, and none is left out', async () => {
    const body = '渡'.repeat(Math.floor((256 * 1024) / 3));
    const made: string[] = [];
    for (let index = 0; index < 12; index += 1)
      made.unshift((await makeDocument(ferry, author, { body, title: `${index}` })).id);
    const listed = await readAll('documents');
    expect(listed.items.map(({ id }) => id)).toEqual(made);
    expect(listed.pages).toBeGreaterThan(1);
    expect(listed.longest).toBeLessThan(3 * MIB);
    for (const id of made) await call(ferry, author, 'delete', documentPath({ id })).expect(204);
    const trashed = await readAll('trash/documents');
    expect(trashed.items.map(({ id }) => id)).toEqual(made);
    expect(trashed.longest).toBeLessThan(3 * MIB);
  });

  it('of comments whose HTML is long end early, too', async () => {
    const document = await makeDocument(ferry, author);
    // Each becomes five characters of HTML.
    const body = '&'.repeat(16_000);
    const made: string[] = [];
    for (let index = 0; index < 40; index += 1)
      made.push((await makeComment(ferry, author, document, { body: `${body}${index}` })).id);
    const listed = await readAll(`documents/${document.id}/comments`);
    expect(listed.items.map(({ id }) => id)).toEqual(made);
    expect(listed.pages).toBeGreaterThan(1);
    expect(listed.longest).toBeLessThan(3 * MIB);
  });
});

describe('a thousand comments of fifty users at once', () => {
  it('are all there, counted exactly, and listed in order', async () => {
    const ferry = await startFerry();
    try {
      const users: TestUser[] = [];
      for (let index = 0; index < 50; index += 1) users.push(await makeUser(ferry));
      const [owner] = users as [TestUser];
      const document = await makeDocument(ferry, owner);
      const root = await makeComment(ferry, owner, document);
      const made = await Promise.all(
        users.map(async (user, index) => {
          const ids: string[] = [];
          for (let number = 0; number < 20; number += 1) {
            const input = number % 2 === 0 ? { parentId: root.id } : {};
            ids.push((await makeComment(ferry, user, document, { ...input, body: `${index}.${number}` })).id);
          }
          return ids;
        }),
      );
      expect(new Set(made.flat()).size).toBe(1000);
      expect((await readDocument(ferry, null, document)).commentCount).toBe(1001);
      const answer = await call(ferry, null, 'get', commentPath(root)).expect(200);
      expect((answer.body as ShownComment).replyCount).toBe(500);
      for (const [query, count] of [
        ['', 501],
        [`&parent=${root.id}`, 500],
      ] as const) {
        const seen: string[] = [];
        for (let cursor: string | null = ''; cursor !== null;) {
          const path: string = `documents/${document.id}/comments?limit=100${query}${cursor && `&cursor=${cursor}`}`;
          const page: ShownPage<ShownComment> = await listOf<ShownComment>(ferry, null, path);
          seen.push(...page.items.map(({ id }) => id));
          cursor = page.nextCursor;
        }
        expect(seen).toEqual([...seen].sort());
        expect(new Set(seen).size).toBe(count);
      }
    } finally {
      await ferry.stop();
    }
    // Fifty passwords are hashed and a thousand comments synced, on whatever machine.
  }, 300_000);
});

describe('what one user may write within a minute', () => {
  it('is limited for documents and comments together, new ones and changes, and for each user', async () => {
    const ferry = await startFerry({ settings: { WRITE_LIMIT: '4' } });
    try {
      const [busy, other] = [await makeUser(ferry), await makeUser(ferry)];
      const document = await makeDocument(ferry, busy);
      const comment = await makeComment(ferry, busy, document);
      const change = await call(ferry, busy, 'patch', documentPath(document), { title: 'New' }).expect(200);
      expect(change.headers['ratelimit']).toMatch(/^"writing";r=1;t=\d+$/);
      expect(change.headers['ratelimit-policy']).toBe('"writing";q=4;w=60');
      await call(ferry, busy, 'patch', commentPath(comment), { body: 'New' }).expect(200);
      for (const [method, path, body] of [
        ['post', `${API}/documents`, { title: 't', body: 'b' }],
        ['post', `${documentPath(document)}/comments`, { body: 'b' }],
        ['patch', documentPath(document), { title: 'Newer' }],
        ['patch', commentPath(comment), { body: 'Newer' }],
        ['post', `${documentPath(document)}/versions/1/restore`, undefined],
      ] as const) {
        const answer = await call(ferry, busy, method, path, body);
        expectProblem(answer, 429, 'rate_limited');
        expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
      }
      // Reading and deleting go on, and so do others.
      expect(await readDocument(ferry, busy, document)).toMatchObject({ title: 'New', version: 2 });
      await makeComment(ferry, other, document);
      await call(ferry, busy, 'delete', documentPath(document)).expect(204);
    } finally {
      await ferry.stop();
    }
  });
});

describe('images by https from elsewhere', () => {
  let ferry: Ferry;

  beforeAll(async () => {
    ferry = await startFerry();
  });

  afterAll(() => ferry.stop());

  it.each([
    ['/documents', true],
    ['/documents/any', true],
    ['/documents?q=x', true],
    ['/documentsx', false],
    ['/', false],
    ['/login?to=/documents', false],
    ['/api/v1/documents', false],
  ])('are shown at %s: %s', async (path, shown) => {
    const { headers } = await request(ferry.url).get(path);
    const policy = String(headers['content-security-policy']).split(';');
    expect(policy).toContain(`img-src 'self' data:${shown ? ' https:' : ''}`);
  });
});
