import { randomBytes } from 'node:crypto';
import request from 'supertest';
import { API, makeUpload, makeUser, sha256Of, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { onWire } from '../support/wire';
import {
  abort,
  chunkOf,
  chunkPath,
  complete,
  contentOf,
  getUpload,
  partsOf,
  problemOf,
  sendAll,
  sendChunk,
  sendChunkForm,
  uploadPath,
  type ShownUpload,
} from '../support/uploads';

const HOUR = 60 * 60 * 1000;

describe('an upload', () => {
  let ferry: Ferry;
  let user: TestUser;
  let other: TestUser;
  let at = Date.now();

  beforeAll(async () => {
    ferry = await startFerry({ now: () => new Date(at), settings: { ACCESS_TOKEN_SECONDS: '86400' } });
    [user, other] = [await makeUser(ferry), await makeUser(ferry)];
  });

  afterAll(() => ferry.stop());

  it('goes from nothing to a file', async () => {
    const bytes = randomBytes(1000);
    const created = await request(ferry.url)
      .post(`${API}/uploads`)
      .set(user.auth)
      .send({ name: '照片.png', size: 1000, chunkSize: 400 })
      .expect(201);
    const upload = created.body as ShownUpload;
    expect(created.headers['location']).toBe(uploadPath(upload.id));
    expect(upload).toEqual({
      id: expect.stringMatching(/^[0-9a-z]+$/) as string,
      name: '照片.png',
      size: 1000,
      type: 'image/png',
      chunkSize: 400,
      chunkCount: 3,
      received: [],
      receivedBytes: 0,
      state: 'open',
      expiresAt: new Date(at + 24 * HOUR).toISOString(),
    });
    const second = await sendChunk(ferry, user, upload.id, 2, chunkOf(upload, bytes, 2)).expect(200);
    expect(second.body).toEqual({ index: 2, received: [[2, 2]], receivedBytes: 200 });
    await sendChunk(ferry, user, upload.id, 0, chunkOf(upload, bytes, 0)).expect(200);
    const shown = await getUpload(ferry, user, upload.id).expect(200);
    expect(shown.body).toEqual({
      ...upload,
      received: [
        [0, 0],
        [2, 2],
      ],
      receivedBytes: 600,
    });
    await sendChunk(ferry, user, upload.id, 1, chunkOf(upload, bytes, 1)).expect(200);
    const done = await complete(ferry, user, upload.id).expect(201);
    const { file } = done.body as { file: NonNullable<ShownUpload['file']> };
    expect(done.headers['location']).toBe(`${API}/files/${file.id}`);
    expect(file).toEqual({
      id: expect.any(String) as string,
      name: '照片.png',
      size: 1000,
      type: 'image/png',
      sha256: sha256Of(bytes),
      visibility: 'private',
      contentUrl: `${API}/files/${file.id}/content`,
      createdAt: new Date(at).toISOString(),
      updatedAt: new Date(at).toISOString(),
    });
    expect(await contentOf(ferry, user, file)).toEqual(bytes);
    const after = await getUpload(ferry, user, upload.id).expect(200);
    expect(after.body).toEqual({
      ...upload,
      received: [[0, 2]],
      receivedBytes: 1000,
      state: 'complete',
      file,
    });
  });

  it('has an ETag that changes with it', async () => {
    const upload = await makeUpload(ferry, user, { size: 2, chunkSize: 1 });
    const first = await getUpload(ferry, user, upload.id).expect(200);
    expect(first.headers['etag']).toMatch(/^"[^"]+"$/);
    await getUpload(ferry, user, upload.id).set('If-None-Match', first.headers['etag']!).expect(304);
    await sendChunk(ferry, user, upload.id, 0, Buffer.from('a')).expect(200);
    await getUpload(ferry, user, upload.id).set('If-None-Match', first.headers['etag']!).expect(200);
  });

  it('is listed for its owner alone, newest first, page by page', async () => {
    const owner = await makeUser(ferry);
    const ids: string[] = [];
    for (let i = 0; i < 5; i += 1) {
      at += 1;
      ids.unshift((await makeUpload(ferry, owner, { size: 10 + i, chunkSize: 5 })).id);
    }
    await abort(ferry, owner, ids[1]!).expect(204);
    await sendChunk(ferry, owner, ids[4]!, 0, Buffer.alloc(5)).expect(200);
    const seen: ShownUpload[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const query = cursor === '' ? '' : `&cursor=${cursor}`;
      const page = await request(ferry.url).get(`${API}/uploads?limit=2${query}`).set(owner.auth).expect(200);
      const { items, nextCursor } = page.body as { items: ShownUpload[]; nextCursor: string | null };
      expect(items.length).toBeLessThanOrEqual(2);
      seen.push(...items);
      cursor = nextCursor;
    }
    expect(seen.map(({ id }) => id)).toEqual(ids);
    expect(seen.map(({ state }) => state)).toEqual(['open', 'aborted', 'open', 'open', 'open']);
    expect(seen[4]).toMatchObject({ received: [[0, 0]], receivedBytes: 5 });
    const empty = await request(ferry.url).get(`${API}/uploads`).set(other.auth).expect(200);
    expect(empty.body).toEqual({ items: [], nextCursor: null });
  });

  it('that is aborted is gone on every call', async () => {
    const upload = await makeUpload(ferry, user, { size: 10, chunkSize: 5 });
    await sendChunk(ferry, user, upload.id, 0, Buffer.alloc(5)).expect(200);
    expect(await partsOf(ferry)).toContain(upload.id);
    const aborted = await abort(ferry, user, upload.id).expect(204);
    expect(aborted.text).toBe('');
    expect(await partsOf(ferry)).not.toContain(upload.id);
    await expectGone(upload.id);
  });

  it('that is past its time is expired on every call, and moves its time with every chunk', async () => {
    const upload = await makeUpload(ferry, user, { size: 10, chunkSize: 5 });
    at += 20 * HOUR;
    const moved = await sendChunk(ferry, user, upload.id, 0, Buffer.alloc(5)).expect(200);
    expect(moved.body).toMatchObject({ receivedBytes: 5 });
    at += 23 * HOUR;
    user.auth = await signIn(user);
    await getUpload(ferry, user, upload.id).expect(200);
    at += HOUR;
    await expectGone(upload.id);
    const list = await request(ferry.url).get(`${API}/uploads?limit=1`).set(user.auth).expect(200);
    expect((list.body as { items: ShownUpload[] }).items[0]).toMatchObject({
      id: upload.id,
      state: 'expired',
    });
    at += 1;
    expect(await partsOf(ferry)).toContain(upload.id);
    expect((await ferry.services.maintenance.run()).expiredUploads).toBeGreaterThan(0);
    expect(await partsOf(ferry)).not.toContain(upload.id);
    await expectGone(upload.id);
  });

  it('that is complete is never cleaned up', async () => {
    const bytes = randomBytes(10);
    const upload = await makeUpload(ferry, user, { size: 10, chunkSize: 5 });
    await sendAll(ferry, user, upload, bytes);
    const { file } = (await complete(ferry, user, upload.id).expect(201)).body as {
      file: { contentUrl: string };
    };
    at += 1000 * HOUR;
    await ferry.services.maintenance.run();
    user.auth = await signIn(user);
    expect(await contentOf(ferry, user, file)).toEqual(bytes);
    await abort(ferry, user, upload.id).expect(409);
    await sendChunk(ferry, user, upload.id, 0, bytes.subarray(0, 5)).expect(409);
    expect(await contentOf(ferry, user, file)).toEqual(bytes);
  });

  describe('of somebody else, or of nobody', () => {
    let upload: ShownUpload;
    const calls: [string, (id: string, as: TestUser) => request.Test][] = [
      ['GET', (id, as) => getUpload(ferry, as, id)],
      ['HEAD', (id, as) => request(ferry.url).head(uploadPath(id)).set(as.auth)],
      ['PUT of a chunk', (id, as) => sendChunk(ferry, as, id, 0, Buffer.alloc(5))],
      ['PUT of no such chunk', (id, as) => sendChunk(ferry, as, id, 9, Buffer.alloc(5))],
      ['POST of a chunk', (id, as) => sendChunkForm(ferry, as, id, 0, Buffer.alloc(5))],
      ['complete', (id, as) => complete(ferry, as, id)],
      ['DELETE', (id, as) => abort(ferry, as, id)],
    ];

    beforeAll(async () => {
      other.auth = await signIn(other);
      user.auth = await signIn(user);
      upload = (await makeUpload(ferry, user, { size: 10, chunkSize: 5 })) as ShownUpload;
    });

    it.each(calls)('%s is 404, the same for both', async (_name, call) => {
      const foreign = await call(upload.id, other).expect(404);
      const missing = await call('0'.repeat(26), other).expect(404);
      expect(problemOf(foreign)).toEqual(problemOf(missing));
      await getUpload(ferry, user, upload.id).expect(200, upload);
    });

    it.each(calls)('%s without credentials is 401', async (_name, call) => {
      const answer = await call(upload.id, { ...other, auth: {} as TestUser['auth'] }).expect(401);
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
    });
  });

  it.each([
    ['PATCH', uploadPath('0')],
    ['PUT', `${API}/uploads`],
    ['GET', chunkPath('0', 0)],
    ['DELETE', chunkPath('0', 0)],
    ['GET', `${uploadPath('0')}/complete`],
  ])('%s %s is no call: 405', async (method, target) => {
    const answer = await onWire(ferry, method, target);
    expect(answer.status).toBe(405);
    expect(answer.headers['allow']).toMatch(/OPTIONS/);
  });

  async function expectGone(id: string): Promise<void> {
    const calls = [
      getUpload(ferry, user, id),
      request(ferry.url).head(uploadPath(id)).set(user.auth),
      sendChunk(ferry, user, id, 1, Buffer.alloc(5)),
      sendChunkForm(ferry, user, id, 1, Buffer.alloc(5)),
      complete(ferry, user, id),
      abort(ferry, user, id),
    ];
    const answers = await Promise.all(calls);
    expect(answers.map(({ status }) => status)).toEqual([410, 410, 410, 410, 410, 410]);
    expect(answers[0]!.body).toMatchObject({ code: 'gone' });
  }

  async function signIn({ username, password }: TestUser): Promise<TestUser['auth']> {
    const answer = await request(ferry.url)
      .post(`${API}/auth/login`)
      .send({ username, password })
      .expect(200);
    return { Authorization: `Bearer ${(answer.body as { accessToken: string }).accessToken}` };
  }
});
