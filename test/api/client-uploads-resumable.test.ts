import { randomBytes } from 'node:crypto';
import request from 'supertest';
import {
  countOf,
  openUploadsOf,
  postAll,
  postChunk,
  RESUMABLE,
  resumableFields,
  testChunk,
  type ClientFile,
  type Dialect,
} from '../support/client-uploads';
import { makeUser, sha256Of, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { abort, contentOf, getUpload, listFiles, type ShownFile } from '../support/uploads';

const MINUTE = 60_000;

interface Receipt {
  uploadId: string;
  receivedBytes: number;
  url?: string;
  file?: ShownFile;
}

let ferry: Ferry;
let user: TestUser;
let clock = Date.now();

beforeAll(async () => {
  ferry = await startFerry({ settings: { ACCESS_TOKEN_SECONDS: '86400' }, now: () => new Date(clock) });
});

beforeEach(async () => {
  clock = Date.now();
  user = await makeUser(ferry);
});

afterAll(() => ferry.stop());

const fileOf = (length = 2500, more: Partial<ClientFile> = {}): ClientFile => ({
  name: '照片.jpg',
  bytes: randomBytes(length),
  chunkSize: 1000,
  ...more,
});

const receiptOf = (answer: { body: unknown }): Receipt => answer.body as Receipt;

const openUploads = () => openUploadsOf(ferry, user);

describe.each<Dialect>(['resumable', 'flow', ''])('a client with the prefix "%s"', (dialect) => {
  it.each([
    ['a last chunk that is longer', 2500, false, 2],
    ['a last chunk that is shorter', 2500, true, 3],
    ['chunks of one length', 3000, false, 3],
    ['one chunk', 1500, false, 1],
    ['less than one chunk', 10, false, 1],
    ['nothing', 0, false, 1],
  ])('sends a file of %s', async (_what, length, forceChunkSize, count) => {
    const file = fileOf(length, { forceChunkSize });
    expect(countOf(file)).toBe(count);
    const answer = await postAll(ferry, user, file, dialect);
    const { file: made, url, receivedBytes } = receiptOf(answer);
    expect(made).toMatchObject({
      name: '照片.jpg',
      size: length,
      sha256: sha256Of(file.bytes),
      type: 'image/jpeg',
    });
    expect([url, receivedBytes]).toEqual([made!.contentUrl, length]);
    expect(answer.headers['ferry-file-id']).toBe(made!.id);
    if (length > 0) expect(await contentOf(ferry, user, made!)).toEqual(file.bytes);
    expect(await listFiles(ferry, user)).toEqual([made]);
  });

  it('is told which chunks are there', async () => {
    const file = fileOf(3500);
    await testChunk(ferry, user, file, 1, dialect).expect(204);
    await postChunk(ferry, user, file, 2, { dialect }).expect(200);
    await testChunk(ferry, user, file, 1, dialect).expect(204);
    await testChunk(ferry, user, file, 2, dialect)
      .expect(200, { uploaded: true })
      .expect('Cache-Control', 'no-store');
    await testChunk(ferry, user, file, 3, dialect).expect(204);
    expect(await openUploads()).toHaveLength(1);
  });
});

describe('an upload of the resumable.js family', () => {
  it('is made once of chunks that come at the same time', async () => {
    const file = fileOf(6000);
    const answers = await Promise.all([1, 2, 3].map((number) => postChunk(ferry, user, file, number)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(new Set(answers.map((answer) => receiptOf(answer).uploadId)).size).toBe(1);
    expect(await openUploads()).toHaveLength(1);
    const rest = await Promise.all([4, 5, 6].map((number) => postChunk(ferry, user, file, number)));
    expect(rest.map(({ status }) => status)).toEqual([200, 200, 200]);
    const [made, ...others] = await listFiles(ferry, user);
    expect(others).toEqual([]);
    expect(await contentOf(ferry, user, made!)).toEqual(file.bytes);
    expect(rest.some((answer) => receiptOf(answer).file?.id === made!.id)).toBe(true);
  });

  it('is shown among the uploads and can be aborted there', async () => {
    const file = fileOf(3500);
    const { uploadId } = receiptOf(await postChunk(ferry, user, file, 1).expect(200));
    const shown = await getUpload(ferry, user, uploadId).expect(200);
    expect(shown.body).toMatchObject({ state: 'open', name: '照片.jpg', size: 3500, receivedBytes: 1000 });
    await getUpload(ferry, await makeUser(ferry), uploadId).expect(404);
    await abort(ferry, user, uploadId).expect(204);
    await testChunk(ferry, user, file, 1).expect(204);
    await postAll(ferry, user, file);
    expect(await listFiles(ferry, user)).toHaveLength(1);
  });

  it('is its own for each user, name and size, whatever the identifier', async () => {
    const other = await makeUser(ferry);
    const files = [fileOf(), fileOf(2500, { name: '文档.jpg' }), fileOf(2501)];
    for (const file of files) file.identifier = 'the-same';
    for (const file of files) await postChunk(ferry, user, file, 1).expect(200);
    await postChunk(ferry, other, fileOf(2500, { identifier: 'the-same' }), 1).expect(200);
    for (const file of files) await postChunk(ferry, user, file, 2).expect(200);
    const made = await listFiles(ferry, user);
    expect(made.map(({ sha256 }) => sha256).sort()).toEqual(files.map(({ bytes }) => sha256Of(bytes)).sort());
    expect(await listFiles(ferry, other)).toEqual([]);
  });

  it('refuses other bytes under the same name and size, and says how to get on', async () => {
    const file = fileOf();
    const { uploadId } = receiptOf(await postChunk(ferry, user, file, 1).expect(200));
    const changed = { ...file, bytes: randomBytes(2500) };
    const refused = await postChunk(ferry, user, changed, 1).expect(409);
    expect(refused.body).toMatchObject({
      code: 'chunk_conflict',
      detail: expect.stringContaining(uploadId) as string,
    });
    await postChunk(ferry, user, file, 2).expect(200);
    const [made] = await listFiles(ferry, user);
    expect(await contentOf(ferry, user, made!)).toEqual(file.bytes);
  });

  it('that stood still asks for its first chunk again, which tells files of one name and size apart', async () => {
    const file = fileOf(3500);
    await postChunk(ferry, user, file, 1).expect(200);
    await postChunk(ferry, user, file, 2).expect(200);
    clock += 9 * MINUTE;
    await testChunk(ferry, user, file, 1).expect(200);
    clock += 2 * MINUTE;
    await testChunk(ferry, user, file, 1).expect(204);
    await testChunk(ferry, user, file, 2).expect(200);
    await postChunk(ferry, user, { ...file, bytes: randomBytes(3500) }, 1).expect(409);
    await postChunk(ferry, user, file, 1).expect(200);
    await postChunk(ferry, user, file, 3).expect(200);
    expect(await listFiles(ferry, user)).toMatchObject([{ sha256: sha256Of(file.bytes) }]);
  });

  describe('that is complete', () => {
    it('gives its file to who sends a chunk again, because the answer was lost', async () => {
      const file = fileOf();
      const { file: made } = receiptOf(await postAll(ferry, user, file));
      for (const number of [2, 1]) {
        const again = await postChunk(ferry, user, file, number).expect(200);
        expect(receiptOf(again).file).toEqual(made);
        expect(again.headers['ferry-file-id']).toBe(made!.id);
      }
      await testChunk(ferry, user, file, 1).expect(204);
      expect(await listFiles(ferry, user)).toEqual([made]);
      expect(await openUploads()).toEqual([]);
    });

    it('refuses other bytes for a while, then they are another file', async () => {
      const file = fileOf();
      await postAll(ferry, user, file);
      const changed = { ...file, bytes: randomBytes(2500) };
      expect((await postChunk(ferry, user, changed, 1).expect(409)).body).toMatchObject({
        code: 'chunk_conflict',
      });
      expect(await openUploads()).toEqual([]);
      clock += 2 * MINUTE;
      await postAll(ferry, user, changed);
      expect((await listFiles(ferry, user)).map(({ sha256 }) => sha256).sort()).toEqual(
        [file, changed].map(({ bytes }) => sha256Of(bytes)).sort(),
      );
    });

    it('goes on giving its file to who sends all of it again, however slowly', async () => {
      const file = fileOf(4000);
      const { file: made } = receiptOf(await postAll(ferry, user, file));
      for (const number of [1, 2, 3, 4]) {
        clock += 1.5 * MINUTE;
        expect(receiptOf(await postChunk(ferry, user, file, number).expect(200)).file).toEqual(made);
      }
      expect(await listFiles(ferry, user)).toEqual([made]);
    });

    it('is done with when its file is deleted', async () => {
      const file = fileOf();
      const { file: made } = receiptOf(await postAll(ferry, user, file));
      await request(ferry.url).delete(`/api/v1/files/${made!.id}`).set(user.auth).expect(204);
      const { file: next } = receiptOf(await postAll(ferry, user, file));
      expect(next!.id).not.toBe(made!.id);
    });
  });

  it('takes raw bytes, with the fields in the query', async () => {
    const file = fileOf(1500, { name: 'a.png' });
    const post = (bytes: Buffer) =>
      request(ferry.url)
        .post(RESUMABLE)
        .query(resumableFields(file, 1))
        .set(user.auth)
        .set('Content-Type', 'application/octet-stream')
        .send(bytes);
    expect((await post(file.bytes.subarray(1)).expect(400)).body).toMatchObject({ code: 'invalid_request' });
    await post(Buffer.concat([file.bytes, Buffer.alloc(1)])).expect(413);
    expect(receiptOf(await post(file.bytes).expect(200)).file).toMatchObject({
      type: 'image/png',
      size: 1500,
    });
  });

  it('takes fields of the site, and what resumable.js says twice', async () => {
    const file = fileOf(10);
    const fields = resumableFields(file, 1);
    const post = request(ferry.url)
      .post(RESUMABLE)
      .query({ ...fields, folder: 'a' })
      .set(user.auth);
    await post
      .field({ ...fields, resumableType: 'image/webp', album: 'summer' })
      .attach('file', file.bytes, 'blob')
      .expect(200);
    expect(await listFiles(ferry, user)).toMatchObject([{ type: 'image/webp' }]);
  });
});
