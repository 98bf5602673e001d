import request from 'supertest';
import { makeFile, makeUser, type TestFile, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { listed, makeLink } from '../support/links';
import { bytesOf } from '../support/uploads';

const BLOBS = '/_ferry-blobs/';
/** What tests look at of an answer, whose body is typed as anything. */
interface Answer {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

const ASKING = { 'X-Sendfile-Type': 'X-Accel-Redirect' };

describe('a proxy that has the blobs', () => {
  let ferry: Ferry;
  let user: TestUser;
  let file: TestFile;

  beforeAll(async () => {
    ferry = await startFerry({ settings: { TRUSTED_PROXIES: '127.0.0.1', ACCEL_REDIRECT: BLOBS } });
    user = await makeUser(ferry);
    file = await makeFile(ferry, user, { name: 'a.txt', type: 'text/plain' });
  });

  afterAll(() => ferry.stop());

  const get = (headers: Record<string, string> = {}) =>
    request(ferry.url)
      .get(file.contentUrl)
      .set({ ...user.auth, ...headers })
      .buffer(true)
      .parse(bytesOf);

  it.each([{}, { Range: 'bytes=5-9' }])('is told where the bytes of %j lie', async (headers) => {
    const { headers: own } = await get(headers);
    const { status, headers: told, body } = (await get({ ...ASKING, ...headers })) as Answer;
    expect(status).toBe('Range' in headers ? 206 : 200);
    expect(body).toHaveLength(0);
    expect(told['content-length']).toBe('0');
    expect(told['x-accel-redirect']).toBe(
      `${BLOBS}${file.sha256.slice(0, 2)}/${file.sha256.slice(2, 4)}/${file.sha256}`,
    );
    for (const name of ['etag', 'last-modified', 'content-type', 'content-disposition', 'repr-digest']) {
      expect(told[name]).toBe(own[name]);
    }
  });

  it.each([
    [{ Range: 'bytes=0-1,5-9' }, 206],
    [{ Range: 'bytes=5-2' }, 200],
    [{ 'If-Match': '*' }, 200],
    [{ 'If-Match': '"another"' }, 412],
    [{ 'If-None-Match': '*' }, 304],
    [{ Range: 'bytes=5000-' }, 416],
  ])('is sent what it would understand in another way: %j', async (headers, status) => {
    const { headers: told } = await get({ ...ASKING, ...(headers as Record<string, string>) }).expect(status);
    expect(told).not.toHaveProperty('x-accel-redirect');
  });

  it('is told nothing that the client may not have', async () => {
    const { headers } = await request(ferry.url).get(file.contentUrl).set(ASKING).expect(404);
    expect(headers).not.toHaveProperty('x-accel-redirect');
  });

  it('is told as often as a link may be used', async () => {
    const link = await makeLink(ferry, user, file, { maxDownloads: 1 });
    const follow = () => request(ferry.url).get(link.url).set(ASKING);
    expect((await follow().expect(200)).headers).toHaveProperty('x-accel-redirect');
    expect((await follow().expect(410)).headers).not.toHaveProperty('x-accel-redirect');
    expect((await listed(ferry, user, file, link))?.downloads).toBe(1);
  });

  it.each([{}, { 'X-Sendfile-Type': 'X-Sendfile' }, { 'X-Accel-Redirect': BLOBS }])(
    'has to say that it has them: %j',
    async (headers) => {
      const answer = await get(headers as Record<string, string>).expect(200);
      const { headers: answered, body } = answer as Answer;
      expect(answered).not.toHaveProperty('x-accel-redirect');
      expect(body).toEqual(file.bytes);
    },
  );
});

it('a client that is no trusted proxy gets the bytes, whatever it says', async () => {
  const ferry = await startFerry({ settings: { TRUSTED_PROXIES: '10.0.0.1', ACCEL_REDIRECT: BLOBS } });
  const file = await makeFile(ferry, await makeUser(ferry), { visibility: 'public' });
  const answer = await request(ferry.url).get(file.contentUrl).set(ASKING).expect(200);
  expect(answer.headers).not.toHaveProperty('x-accel-redirect');
  expect(answer.body).toEqual(file.bytes);
  await ferry.stop();
});
