import { randomUUID } from 'node:crypto';
import request from 'supertest';
import { API, makeFile, makeUser, type TestUser } from '../support/factories';
import { withBlobs } from '../support/faults';
import { startFerry, type Ferry } from '../support/ferry';
import { createUpload, getUpload, partsOf, type ShownUpload } from '../support/uploads';

const HOUR = 60 * 60 * 1000;
const body = { name: 'a.bin', size: 100, chunkSize: 50 };

describe('Idempotency-Key on POST /uploads', () => {
  let ferry: Ferry;
  let user: TestUser;
  let other: TestUser;
  let free = 1000;
  let late = 0;

  beforeAll(async () => {
    ferry = await startFerry({
      settings: { ACCESS_TOKEN_SECONDS: '86400' },
      now: () => new Date(Date.now() + late),
      wrapStores: withBlobs(() => ({ freeBytes: () => Promise.resolve(free) })),
    });
    [user, other] = [await makeUser(ferry), await makeUser(ferry)];
  });

  beforeEach(() => {
    free = 1_000_000;
  });

  afterAll(() => ferry.stop());

  function create(as: TestUser, key: string, sent: object = body): request.Test {
    return createUpload(ferry, as, sent).set('Idempotency-Key', key);
  }

  it('gives the same answer again, and makes nothing twice', async () => {
    const key = randomUUID();
    const first = await create(user, key).expect(201);
    const parts = await partsOf(ferry);
    const again = await create(user, key).expect(201);
    expect(again.body).toEqual(first.body);
    expect(again.headers['location']).toBe(first.headers['location']);
    expect(again.headers['content-type']).toBe(first.headers['content-type']);
    expect(await partsOf(ferry)).toEqual(parts);
    const another = await create(user, randomUUID()).expect(201);
    expect((another.body as ShownUpload).id).not.toBe((first.body as ShownUpload).id);
  });

  it('gives the answer of an instant upload again, with its status', async () => {
    const file = await makeFile(ferry, user);
    const sent = { name: 'twin', size: file.bytes.length, sha256: file.sha256 };
    const key = randomUUID();
    const first = await create(user, key, sent).expect(200);
    const again = await create(user, key, sent).expect(200);
    expect(again.body).toEqual(first.body);
    expect(again.headers['location']).toBe(first.headers['location']);
  });

  it.each([
    ['another size', { ...body, size: 101 }],
    ['one field more', { ...body, visibility: 'public' }],
    ['another name', { ...body, name: 'b.bin' }],
  ])('is refused with %s', async (_what, changed) => {
    const key = randomUUID();
    const first = await create(user, key).expect(201);
    const parts = await partsOf(ferry);
    const refused = await create(user, key, changed).expect(422);
    expect(refused.body).toMatchObject({ code: 'idempotency_mismatch' });
    expect(await partsOf(ferry)).toEqual(parts);
    expect((await create(user, key).expect(201)).body).toEqual(first.body);
  });

  it('is a key of one user', async () => {
    const key = randomUUID();
    const mine = await create(user, key).expect(201);
    const theirs = await create(other, key, { ...body, name: 'theirs' }).expect(201);
    expect((theirs.body as ShownUpload).id).not.toBe((mine.body as ShownUpload).id);
    await getUpload(ferry, other, (mine.body as ShownUpload).id).expect(404);
  });

  it('makes one upload of ten requests at once', async () => {
    const before = await partsOf(ferry);
    const key = randomUUID();
    const answers = await Promise.all(Array.from({ length: 10 }, () => create(user, key)));
    expect(await partsOf(ferry)).toHaveLength(before.length + 1);
    const made = answers.filter(({ status }) => status === 201);
    const early = answers.filter(({ status }) => status === 409);
    expect(made.length + early.length).toBe(10);
    expect(new Set(made.map((answer) => (answer.body as ShownUpload).id)).size).toBe(1);
    for (const answer of early) {
      expect(answer.body).toMatchObject({ code: 'conflict' });
      expect(answer.headers['retry-after']).toBe('1');
    }
    expect((await create(user, key).expect(201)).body).toEqual(made[0]!.body);
  });

  it('lets a request that failed be tried again, also with another body', async () => {
    const key = randomUUID();
    free = 10;
    await create(user, key).expect(507);
    await create(user, key).expect(507);
    free = 1_000_000;
    await create(user, key, { ...body, size: 5 }).expect(201);
    const second = randomUUID();
    await create(user, second, { name: 'a' }).expect(400);
    await create(user, second).expect(201);
  });

  it('is forgotten after a day', async () => {
    const key = randomUUID();
    const first = await create(user, key).expect(201);
    late = 24 * HOUR - 60_000;
    const fresh = await signedInAgain();
    expect((await create(fresh, key).expect(201)).body).toEqual(first.body);
    late = 24 * HOUR + 60_000;
    const second = await create(await signedInAgain(), key, { ...body, size: 7 }).expect(201);
    expect((second.body as ShownUpload).id).not.toBe((first.body as ShownUpload).id);
    late = 0;
  });

  it.each([['x'.repeat(256)], ['with space'], ['\u00e9']])('is refused as %j', async (key) => {
    await create(user, key).expect(400);
  });

  it('may have 255 characters', async () => {
    await create(user, 'k'.repeat(255)).expect(201);
  });

  it('that is the key of one call does not answer another', async () => {
    const key = randomUUID();
    await create(user, key).expect(201);
    const query = request(ferry.url).post(`${API}/uploads?pretty`).set(user.auth).set('Idempotency-Key', key);
    const pretty = await query.send(body).expect(201);
    expect(pretty.text).toContain('\n  "id"');
  });

  async function signedInAgain(): Promise<TestUser> {
    const { username, password } = user;
    const answer = await request(ferry.url)
      .post(`${API}/auth/login`)
      .send({ username, password })
      .expect(200);
    const { accessToken } = answer.body as { accessToken: string };
    return { ...user, auth: { Authorization: `Bearer ${accessToken}` } };
  }
});
