import { randomBytes } from 'node:crypto';
import request from 'supertest';
import {
  API,
  makeFile,
  makeUpload,
  makeUser,
  sha256Of,
  type TestFile,
  type TestUser,
} from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import {
  chunkOf,
  complete,
  contentOf,
  createUpload,
  getUpload,
  listFiles,
  partsOf,
  sendChunk,
  type ShownUpload,
} from '../support/uploads';

const HOUR = 60 * 60 * 1000;

describe('instant upload', () => {
  let ferry: Ferry;
  let user: TestUser;
  let other: TestUser;
  let late = 0;

  beforeAll(async () => {
    ferry = await startFerry({
      now: () => new Date(Date.now() + late),
      settings: { ACCESS_TOKEN_SECONDS: '86400' },
    });
    [user, other] = [await makeUser(ferry), await makeUser(ferry)];
  });

  afterAll(() => ferry.stop());

  function again(as: TestUser, file: TestFile, fields: object = {}): request.Test {
    return createUpload(ferry, as, {
      name: 'again.txt',
      size: file.bytes.length,
      sha256: file.sha256,
      ...fields,
    });
  }

  it('of content of one’s own needs no bytes', async () => {
    const file = await makeFile(ferry, user, { name: 'first.bin' });
    const parts = await partsOf(ferry);
    const answer = await again(user, file, {
      sha256: file.sha256.toUpperCase(),
      visibility: 'public',
    }).expect(200);
    const upload = answer.body as ShownUpload;
    expect(answer.headers['location']).toBe(`${API}/uploads/${upload.id}`);
    expect(upload).toMatchObject({
      name: 'again.txt',
      state: 'complete',
      received: [[0, 0]],
      receivedBytes: 1000,
      file: { name: 'again.txt', type: 'text/plain', size: 1000, sha256: file.sha256, visibility: 'public' },
    });
    expect(upload.file!.id).not.toBe(file.id);
    expect(await partsOf(ferry)).toEqual(parts);
    expect(await contentOf(ferry, other, upload.file!)).toEqual(file.bytes);
    await complete(ferry, user, upload.id).expect(200, { file: upload.file });
    await getUpload(ferry, user, upload.id).expect(200, upload);
    await getUpload(ferry, other, upload.id).expect(404);
  });

  it('survives the file that it came from', async () => {
    const file = await makeFile(ferry, user);
    const { file: copy } = (await again(user, file).expect(200)).body as ShownUpload;
    await request(ferry.url).delete(`${API}/files/${file.id}`).set(user.auth).expect(204);
    late = 2 * HOUR;
    await ferry.services.maintenance.run();
    expect(await contentOf(ferry, user, copy!)).toEqual(file.bytes);
    late = 0;
  });

  it('of another user’s private content is an ordinary upload, and tells nothing', async () => {
    const file = await makeFile(ferry, other);
    const known = await again(user, file).expect(201);
    const unknown = await createUpload(ferry, user, {
      name: 'again.txt',
      size: 1000,
      sha256: sha256Of(randomBytes(1000)),
    }).expect(201);
    const shape = (answer: request.Response) => {
      const shown = { ...(answer.body as ShownUpload), id: '', expiresAt: '' };
      return [shown, Object.keys(answer.headers).sort()];
    };
    expect(shape(known)).toEqual(shape(unknown));
    const { id } = known.body as ShownUpload;
    await complete(ferry, user, id).expect(409);
    expect((await listFiles(ferry, user)).map(({ sha256 }) => sha256)).not.toContain(file.sha256);
    await sendChunk(ferry, user, id, 0, file.bytes).expect(200);
    await complete(ferry, user, id).expect(201);
    expect(await ferry.stores.sql.blobs.find(file.sha256)).toMatchObject({ references: 2 });
  });

  it('of public content needs no bytes, until it is private again', async () => {
    const file = await makeFile(ferry, other, { visibility: 'public' });
    await again(user, file).expect(200);
    const third = await makeUser(ferry);
    await request(ferry.url)
      .patch(`${API}/files/${file.id}`)
      .set(other.auth)
      .send({ visibility: 'private' })
      .expect(200);
    await again(third, file).expect(201);
    await again(user, file).expect(200);
  });

  it('of content that its owner deleted is an ordinary upload', async () => {
    const file = await makeFile(ferry, user);
    await request(ferry.url).delete(`${API}/files/${file.id}`).set(user.auth).expect(204);
    const upload = (await again(user, file, { chunkSize: 600 }).expect(201)).body as ShownUpload;
    await sendChunk(ferry, user, upload.id, 0, chunkOf(upload, file.bytes, 0)).expect(200);
    late = 2 * HOUR;
    // The clean-up may remove the old content, never what the new upload has.
    await ferry.services.maintenance.run();
    await sendChunk(ferry, user, upload.id, 1, chunkOf(upload, file.bytes, 1)).expect(200);
    await complete(ferry, user, upload.id).expect(201);
    late = 0;
  });

  it('wants the right size, too', async () => {
    const file = await makeFile(ferry, user);
    const answer = await again(user, file, { size: 1001 }).expect(201);
    expect(answer.body).toMatchObject({ state: 'open', receivedBytes: 0 });
  });

  it('needs a digest', async () => {
    const file = await makeFile(ferry, user);
    await createUpload(ferry, user, { name: 'again.txt', size: file.bytes.length }).expect(201);
  });

  it('can be switched off', async () => {
    const off = await startFerry({ settings: { INSTANT_UPLOAD: 'off' } });
    try {
      const owner = await makeUser(off);
      const file = await makeFile(off, owner, { visibility: 'public' });
      const upload = await makeUpload(off, owner, { size: 1000, sha256: file.sha256 });
      expect(upload).toMatchObject({ state: 'open', received: [] });
    } finally {
      await off.stop();
    }
  });
});
