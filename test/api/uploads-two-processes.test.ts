import { randomBytes } from 'node:crypto';
import { makeUpload, makeUser, sha256Of, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { checkStorage } from '../support/storage-check';
import { idOf, TusClient } from '../support/tus';
import {
  abort,
  chunkOf,
  complete,
  contentOf,
  getUpload,
  listFiles,
  sendChunk,
  type ShownFile,
} from '../support/uploads';

const HOUR_MS = 60 * 60 * 1000;

/** As with Redis: leases and events in common, everything else opened by each of them. */
describe('two processes over the same database and storage', () => {
  let one: Ferry;
  let two: Ferry;
  let user: TestUser;
  let late = 0;

  beforeAll(async () => {
    const now = () => new Date(Date.now() + late);
    const settings = { ACCESS_TOKEN_SECONDS: '86400' };
    one = await startFerry({ now, settings });
    const { keyvalue, eventlog } = one.stores;
    two = await startFerry({
      now,
      settings,
      directory: one.directory,
      wrapStores: (stores) => ({ ...stores, keyvalue, eventlog }),
    });
    user = await makeUser(one);
  });

  afterAll(async () => {
    await two.stop();
    await one.stop();
  });

  const servers = () => [one, two] as const;
  const serverOf = (index: number) => (index % 2 === 0 ? one : two);

  it('share one upload, chunk by chunk', async () => {
    const bytes = randomBytes(10_000);
    const upload = await makeUpload(one, user, { size: bytes.length, chunkSize: 1000 });
    const indices = Array.from({ length: upload.chunkCount }, (_, index) => index);
    await Promise.all(
      indices.map(async (index) => {
        await sendChunk(serverOf(index), user, upload.id, index, chunkOf(upload, bytes, index)).expect(200);
      }),
    );
    const done = await complete(two, user, upload.id, { sha256: sha256Of(bytes) }).expect(201);
    expect(await contentOf(one, user, (done.body as { file: ShownFile }).file)).toEqual(bytes);
  });

  it('which both get the same chunk at once, with the same bytes: both take it', async () => {
    const bytes = randomBytes(2000);
    const upload = await makeUpload(one, user, { size: bytes.length, chunkSize: 2000 });
    await Promise.all(servers().map((server) => sendChunk(server, user, upload.id, 0, bytes).expect(200)));
    await complete(one, user, upload.id, { sha256: sha256Of(bytes) }).expect(201);
  });

  it('which both get the same chunk at once, with other bytes: one of them is right, whole and kept', async () => {
    const contents = [randomBytes(300_000), randomBytes(300_000)];
    const upload = await makeUpload(one, user, { size: 300_000, chunkSize: 300_000 });
    const answers = await Promise.all(
      contents.map((bytes, index) => sendChunk(serverOf(index), user, upload.id, 0, bytes)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const kept = contents[answers.findIndex(({ status }) => status === 200)]!;
    await complete(two, user, upload.id, { sha256: sha256Of(kept) }).expect(201);
  });

  it('go on with a stream where the other one left it', async () => {
    const bytes = randomBytes(5000);
    const address = await new TusClient(one, user).open({ 'Upload-Length': '5000' });
    for (let at = 0; at < bytes.length; at += 1000) {
      await new TusClient(serverOf(at / 1000), user)
        .patch(address, at, bytes.subarray(at, at + 1000))
        .expect(204);
    }
    const { headers } = await new TusClient(two, user).head(address).expect(200);
    expect(headers).toMatchObject({
      'upload-offset': '5000',
      'ferry-file-id': expect.any(String) as unknown,
    });
    expect((await listFiles(one, user)).map(({ sha256 }) => sha256)).toContain(sha256Of(bytes));
    expect(await one.stores.blobs.hasPart(idOf(address))).toBe(false);
  });

  it('complete at once: one file', async () => {
    const upload = await filled();
    const answers = await Promise.all(servers().map((server) => complete(server, user, upload.id)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 201]);
    expect((answers[0]!.body as { file: ShownFile }).file).toEqual(
      (answers[1]!.body as { file: ShownFile }).file,
    );
  });

  it('of which one completes while the other aborts: a file or none, and both say so', async () => {
    for (let round = 0; round < 10; round += 1) {
      const upload = await filled();
      const [done, ended] = await Promise.all([complete(one, user, upload.id), abort(two, user, upload.id)]);
      if (done.status === 201) expect(ended.status).toBe(409);
      else expect([done.status, ended.status]).toEqual([410, 204]);
      await getUpload(serverOf(round), user, upload.id).expect(done.status === 201 ? 200 : 410);
    }
  });

  it('clean up at once while uploads are open, and leave nothing wrong', async () => {
    const open = await filled();
    late = 2 * HOUR_MS;
    await Promise.all(servers().map(({ services }) => services.maintenance.run()));
    await complete(two, user, open.id).expect(201);
    await filled();
    late = 50 * HOUR_MS;
    const done = await Promise.all(servers().map(({ services }) => services.maintenance.run()));
    expect(done.map(({ expiredUploads }) => expiredUploads).reduce((sum, count) => sum + count)).toBe(1);
    late = 0;
    expect(await checkStorage(one.config.dataDirectory, one.config.uploadsDirectory)).toEqual([]);
  });

  async function filled() {
    const bytes = randomBytes(3000);
    const upload = await makeUpload(one, user, { size: bytes.length, chunkSize: 1000 });
    for (let index = 0; index < 3; index += 1) {
      await sendChunk(serverOf(index), user, upload.id, index, chunkOf(upload, bytes, index)).expect(200);
    }
    return upload;
  }
});
