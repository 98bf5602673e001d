import { randomBytes } from 'node:crypto';
import request from 'supertest';
import { until } from '../contract/until';
import { API, makeFile, makeUser, sha256Of, type TestFile, type TestUser } from '../support/factories';
import { override } from '../support/faults';
import { startFerry, type Ferry } from '../support/ferry';
import { contentOf, listFiles, problemOf, type ShownFile } from '../support/uploads';
import { onWire } from '../support/wire';

const MINUTE = 60 * 1000;
const filePath = (id: string): string => `${API}/files/${id}`;

describe('files', () => {
  let ferry: Ferry;
  let user: TestUser;
  let other: TestUser;
  let late = 0;
  /** Who has found a file waits here before going on. */
  let gate: Promise<void> | undefined;
  let atGate = 0;

  beforeAll(async () => {
    ferry = await startFerry({
      now: () => new Date(Date.now() + late),
      settings: { ACCESS_TOKEN_SECONDS: '86400' },
      wrapStores: (stores) => {
        const { files } = stores.sql;
        const find: typeof files.find = async (id) => {
          const found = await files.find(id);
          atGate += 1;
          await gate;
          return found;
        };
        return { ...stores, sql: override(stores.sql, { files: override(files, { find }) }) };
      },
    });
    [user, other] = [await makeUser(ferry), await makeUser(ferry)];
  });

  beforeEach(() => {
    late = 0;
  });

  afterAll(() => ferry.stop());

  const get = (as: TestUser | null, id: string) =>
    request(ferry.url)
      .get(filePath(id))
      .set(as?.auth ?? {});
  const patch = (as: TestUser, id: string, body: object) =>
    request(ferry.url).patch(filePath(id)).set(as.auth).send(body);
  const remove = (as: TestUser, id: string) => request(ferry.url).delete(filePath(id)).set(as.auth);
  const list = (as: TestUser, query: object) =>
    request(ferry.url).get(`${API}/files`).query(query).set(as.auth);
  const namesOf = (answer: request.Response) =>
    (answer.body as { items: ShownFile[] }).items.map(({ name }) => name);

  describe('in a list', () => {
    const names = [
      '报告 2025.docx',
      '报告 2026.docx',
      '100%.txt',
      '1000.txt',
      'a_b.txt',
      'aXb.txt',
      'Photo.JPG',
      "o'b\\c.txt",
    ];
    let owner: TestUser;

    beforeAll(async () => {
      owner = await makeUser(ferry);
      for (const name of names) await makeFile(ferry, owner, { name: name.replace('\\', '%5C') });
    });

    it('are those of the owner, newest first, page by page', async () => {
      const seen: string[] = [];
      let cursor: string | null | undefined;
      do {
        const page: request.Response = await list(owner, { limit: 3, ...(cursor && { cursor }) }).expect(200);
        seen.push(...namesOf(page));
        cursor = (page.body as { nextCursor: string | null }).nextCursor;
      } while (cursor !== null);
      expect(seen).toEqual(names.map((name) => name.replace('\\', '%5C')).reverse());
      expect(namesOf(await list(other, {}).expect(200))).toEqual([]);
    });

    it('do not shift when others come and go between the pages', async () => {
      const fresh = await makeUser(ferry);
      const files: TestFile[] = [];
      for (let i = 0; i < 6; i += 1) files.push(await makeFile(ferry, fresh, { name: `${i}` }));
      const first = await list(fresh, { limit: 2 }).expect(200);
      await makeFile(ferry, fresh, { name: 'new' });
      await remove(fresh, files[4]!.id).expect(204);
      const { nextCursor } = first.body as { nextCursor: string };
      expect(namesOf(first)).toEqual(['5', '4']);
      expect(namesOf(await list(fresh, { limit: 100, cursor: nextCursor }).expect(200))).toEqual([
        '3',
        '2',
        '1',
        '0',
      ]);
    });

    it.each([
      ['报告', ['报告 2026.docx', '报告 2025.docx']],
      ['2026', ['报告 2026.docx']],
      ['%', ["o'b%5Cc.txt", '100%.txt']],
      ['100%', ['100%.txt']],
      ['_', ['a_b.txt']],
      ['a_b', ['a_b.txt']],
      ['a?b', []],
      ['*', []],
      ["'", ["o'b%5Cc.txt"]],
      ["' OR '1'='1", []],
      ['photo.jpg', ['Photo.JPG']],
      ['AXB', ['aXb.txt']],
      ['nothing', []],
    ])('are found by %j as it stands', async (q, found) => {
      expect(namesOf(await list(owner, { q }).expect(200))).toEqual(found);
    });

    it('are found page by page', async () => {
      const page = await list(owner, { q: '报告', limit: 1 }).expect(200);
      const { nextCursor } = page.body as { nextCursor: string };
      expect(namesOf(await list(owner, { q: '报告', limit: 1, cursor: nextCursor }).expect(200))).toEqual([
        '报告 2025.docx',
      ]);
    });

    it.each([
      'limit=0',
      'limit=101',
      'limit=-1',
      'limit=1.5',
      'limit=1e1',
      'limit=',
      'limit=5&limit=6',
      'q=a&q=b',
      'q[$ne]=1',
      'q=',
      `q=${'x'.repeat(201)}`,
      'cursor=%27',
      'cursor=',
      'owner=1',
    ])('are not asked for by %s', async (query) => {
      const answer = await request(ferry.url).get(`${API}/files?${query}`).set(owner.auth).expect(400);
      expect(answer.body).toMatchObject({ code: 'invalid_request' });
    });

    it('are only for users', async () => {
      await request(ferry.url).get(`${API}/files`).expect(401);
    });
  });

  it('are shown with an ETag that changes with them', async () => {
    const file = await makeFile(ferry, user, { name: 'a.txt', type: 'text/plain' });
    const first = await get(user, file.id).expect(200);
    expect(first.body).toEqual({
      id: file.id,
      name: 'a.txt',
      size: 1000,
      type: 'text/plain',
      sha256: file.sha256,
      visibility: 'private',
      contentUrl: `${filePath(file.id)}/content`,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
      updatedAt: expect.stringMatching(/Z$/) as string,
    });
    const tag = first.headers['etag']!;
    expect(tag).toMatch(/^"[^"]+"$/);
    const same = await get(user, file.id).set('If-None-Match', tag).expect(304);
    expect([same.text, same.headers['etag']]).toEqual(['', tag]);
    await get(user, file.id).set('If-None-Match', `"other", W/${tag}`).expect(304);
    await get(user, file.id).set('If-None-Match', '"other"').expect(200);
    await patch(user, file.id, { name: 'b.txt' }).expect(200);
    const second = await get(user, file.id).set('If-None-Match', tag).expect(200);
    expect(second.headers['etag']).not.toBe(tag);
  });

  it('are renamed and made public by their owner', async () => {
    const file = await makeFile(ferry, user, { name: 'a.txt' });
    const before = (await get(user, file.id).expect(200)).body as ShownFile;
    late = MINUTE;
    const renamed = await patch(user, file.id, { name: '../新名字\u202e.txt' }).expect(200);
    expect(renamed.body).toEqual({
      ...before,
      name: '新名字.txt',
      updatedAt: expect.not.stringMatching(before.updatedAt) as string,
    });
    await get(null, file.id).expect(404);
    await request(ferry.url).get(file.contentUrl).expect(404);
    expect((await patch(user, file.id, { visibility: 'public' }).expect(200)).body).toMatchObject({
      name: '新名字.txt',
      visibility: 'public',
    });
    await get(null, file.id).expect(200);
    await get(other, file.id).expect(200);
    await request(ferry.url).get(file.contentUrl).expect(200);
    await patch(user, file.id, { visibility: 'private' }).expect(200);
    await get(other, file.id).expect(404);
    await request(ferry.url).get(file.contentUrl).set(other.auth).expect(404);
    expect((await patch(user, file.id, {}).expect(200)).body).toMatchObject({ name: '新名字.txt' });
  });

  it.each([
    [{ name: '' }, 'name'],
    [{ name: null }, 'name'],
    [{ name: 'x'.repeat(1025) }, 'name'],
    [{ name: '\udc00' }, 'name'],
    [{ visibility: 'everybody' }, 'visibility'],
    [{ ownerId: 'me' }, 'ownerId'],
    [{ size: 5 }, 'size'],
    [{ sha256: 'x' }, 'sha256'],
  ])('are not changed by %j', async (body, path) => {
    const file = await makeFile(ferry, user);
    const answer = await patch(user, file.id, body).expect(400);
    expect((answer.body as { errors: { path: string }[] }).errors.map((error) => error.path)).toEqual([path]);
  });

  it('of another user are not there, and public ones are not theirs to change', async () => {
    for (const visibility of ['private', 'public'] as const) {
      const file = await makeFile(ferry, user, { visibility });
      const status = visibility === 'public' ? 200 : 404;
      await get(other, file.id).expect(status);
      await request(ferry.url).head(filePath(file.id)).set(other.auth).expect(status);
      await request(ferry.url).get(file.contentUrl).set(other.auth).expect(status);
      await request(ferry.url).head(file.contentUrl).set(other.auth).expect(status);
      await patch(other, file.id, { name: 'mine' }).expect(404);
      await remove(other, file.id).expect(404);
      await request(ferry.url).patch(filePath(file.id)).send({ name: 'mine' }).expect(401);
      await request(ferry.url).delete(filePath(file.id)).expect(401);
      expect((await get(user, file.id).expect(200)).body).toMatchObject({ name: 'file.bin', visibility });
    }
  });

  it('answer alike whether they are missing or another’s', async () => {
    const file = await makeFile(ferry, user);
    const problems = [];
    for (const id of [file.id, '0'.repeat(26)]) problems.push(problemOf(await get(other, id).expect(404)));
    expect(problems[0]).toEqual(problems[1]);
  });

  it.each(['A'.repeat(26), 'a'.repeat(65), '%00', '..%2f..%2fetc', "'"])('have no id like %s', async (id) => {
    const answer = await onWire(ferry, 'GET', filePath(id), [['Authorization', user.auth.Authorization]]);
    expect(answer.status).toBe(400);
  });

  it('with credentials that are wrong are not shown, even public ones', async () => {
    const file = await makeFile(ferry, user, { visibility: 'public' });
    await request(ferry.url).get(filePath(file.id)).set('Authorization', 'Bearer x.y.z').expect(401);
    await request(ferry.url).get(file.contentUrl).set('Authorization', 'Bearer x.y.z').expect(401);
  });

  it('are deleted once', async () => {
    const file = await makeFile(ferry, user);
    const answer = await remove(user, file.id).expect(204);
    expect(answer.text).toBe('');
    await get(user, file.id).expect(404);
    await request(ferry.url).get(file.contentUrl).set(user.auth).expect(404);
    await patch(user, file.id, { name: 'x' }).expect(404);
    await remove(user, file.id).expect(404);
    expect((await listFiles(ferry, user)).map(({ id }) => id)).not.toContain(file.id);
  });

  it('are deleted by one of many who do it at once, and dropped from the content once', async () => {
    const bytes = randomBytes(100);
    const [file] = [await makeFile(ferry, user, { bytes }), await makeFile(ferry, user, { bytes })];
    let open: () => void = () => undefined;
    gate = new Promise((resolve) => {
      open = resolve;
    });
    atGate = 0;
    const deleting = Promise.all(Array.from({ length: 6 }, () => remove(user, file.id)));
    await until(() => atGate === 6);
    open();
    const answers = await deleting;
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 404, 404, 404, 404, 404]);
    expect(await ferry.stores.sql.blobs.find(sha256Of(bytes))).toMatchObject({ references: 1 });
  });

  it('with the same content keep it until the last one is gone, and the grace period is over', async () => {
    const bytes = randomBytes(500);
    const mine = await makeFile(ferry, user, { bytes });
    const theirs = await makeFile(ferry, other, { bytes });
    await remove(user, mine.id).expect(204);
    late = 100 * MINUTE;
    await ferry.services.maintenance.run();
    expect(await contentOf(ferry, other, theirs)).toEqual(bytes);
    await remove(other, theirs.id).expect(204);
    late += 59 * MINUTE;
    expect((await ferry.services.maintenance.run()).deletedBlobs).toBe(0);
    expect(await ferry.stores.blobs.hasBlob(mine.sha256)).toBe(true);
    late += 2 * MINUTE;
    expect((await ferry.services.maintenance.run()).deletedBlobs).toBeGreaterThan(0);
    expect(await ferry.stores.blobs.hasBlob(mine.sha256)).toBe(false);
    const again = await makeFile(ferry, user, { bytes });
    expect(await contentOf(ferry, user, again)).toEqual(bytes);
  });

  it('bring back content that was about to go', async () => {
    const bytes = randomBytes(500);
    const { id } = await makeFile(ferry, user, { bytes });
    await remove(user, id).expect(204);
    late = 59 * MINUTE;
    const again = await makeFile(ferry, user, { bytes });
    late = 120 * MINUTE;
    await ferry.services.maintenance.run();
    expect(await contentOf(ferry, user, again)).toEqual(bytes);
  });
});
