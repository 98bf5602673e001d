import { randomBytes } from 'node:crypto';
import request from 'supertest';
import { API, makeUpload, makeUser, sha256Of, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { TusClient } from '../support/tus';
import {
  chunkOf,
  complete,
  contentOf,
  getUpload,
  listFiles,
  partsOf,
  sendChunk,
  type ShownFile,
} from '../support/uploads';

const HOUR_MS = 60 * 60 * 1000;

describe('a clock that jumps in the middle of an upload', () => {
  const bytes = randomBytes(3000);
  let ferry: Ferry;
  let user: TestUser;
  let jump = 0;

  beforeAll(async () => {
    const settings = { ACCESS_TOKEN_SECONDS: '86400' };
    ferry = await startFerry({ settings, now: () => new Date(Date.now() + jump) });
  });

  beforeEach(async () => {
    jump = 0;
    user = await makeUser(ferry);
  });

  afterAll(() => ferry.stop());

  /** Tokens have times of their own. */
  async function jumpBy(hours: number): Promise<void> {
    jump += hours * HOUR_MS;
    const { username, password } = user;
    const answer = await request(ferry.url)
      .post(`${API}/auth/login`)
      .send({ username, password })
      .expect(200);
    const { accessToken } = answer.body as { accessToken: string };
    user = { ...user, accessToken, auth: { Authorization: `Bearer ${accessToken}` } };
  }

  it.each([-1, 1, 23])('by %d hours: it goes on and is completed', async (hours) => {
    const own = randomBytes(3000);
    const upload = await makeUpload(ferry, user, { size: own.length, chunkSize: 1000 });
    await sendChunk(ferry, user, upload.id, 0, chunkOf(upload, own, 0)).expect(200);
    await jumpBy(hours);
    await ferry.services.maintenance.run();
    await sendChunk(ferry, user, upload.id, 2, chunkOf(upload, own, 2)).expect(200);
    await jumpBy(-hours);
    await ferry.services.maintenance.run();
    await sendChunk(ferry, user, upload.id, 1, chunkOf(upload, own, 1)).expect(200);
    const done = await complete(ferry, user, upload.id, { sha256: sha256Of(own) }).expect(201);
    expect(await contentOf(ferry, user, (done.body as { file: ShownFile }).file)).toEqual(own);
  });

  it.each([-1, 23])('by %d hours: a stream by tus goes on', async (hours) => {
    const own = randomBytes(3000);
    const address = await new TusClient(ferry, user).open({ 'Upload-Length': '3000' });
    await new TusClient(ferry, user).patch(address, 0, own.subarray(0, 1000)).expect(204);
    await jumpBy(hours);
    await ferry.services.maintenance.run();
    await new TusClient(ferry, user).patch(address, 1000, own.subarray(1000)).expect(204);
    expect((await listFiles(ferry, user)).map(({ sha256 }) => sha256)).toEqual([sha256Of(own)]);
  });

  it('by two days: it has expired, and its bytes go', async () => {
    const upload = await makeUpload(ferry, user, { size: bytes.length, chunkSize: 1000 });
    await sendChunk(ferry, user, upload.id, 0, chunkOf(upload, bytes, 0)).expect(200);
    await jumpBy(48);
    await sendChunk(ferry, user, upload.id, 1, chunkOf(upload, bytes, 1)).expect(410);
    await complete(ferry, user, upload.id).expect(410);
    await ferry.services.maintenance.run();
    expect(await partsOf(ferry)).not.toContain(upload.id);
    await jumpBy(-48);
    await getUpload(ferry, user, upload.id).expect(410);
  });

  it('by two days and back before anybody cleaned up: it goes on', async () => {
    const own = randomBytes(3000);
    const upload = await makeUpload(ferry, user, { size: own.length, chunkSize: 1500 });
    await sendChunk(ferry, user, upload.id, 0, chunkOf(upload, own, 0)).expect(200);
    await jumpBy(48);
    await getUpload(ferry, user, upload.id).expect(410);
    await jumpBy(-48);
    await sendChunk(ferry, user, upload.id, 1, chunkOf(upload, own, 1)).expect(200);
    await complete(ferry, user, upload.id, { sha256: sha256Of(own) }).expect(201);
  });
});
