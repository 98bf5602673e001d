import { randomBytes } from 'node:crypto';
import request from 'supertest';
import { API, makeUpload, makeUser, sha256Of, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import {
  chunkOf,
  complete,
  contentOf,
  createUpload,
  getUpload,
  listFiles,
  partsOf,
  sendAll,
  sendChunk,
  type ShownFile,
  type ShownUpload,
} from '../support/uploads';

const fileOf = (answer: request.Response): ShownFile => (answer.body as { file: ShownFile }).file;

describe('completing an upload', () => {
  const bytes = randomBytes(1000);
  let ferry: Ferry;
  let user: TestUser;

  beforeAll(async () => {
    ferry = await startFerry();
  });

  beforeEach(async () => {
    user = await makeUser(ferry);
  });

  afterAll(() => ferry.stop());

  it.each<[number[], [number, number][]]>([
    [[], [[0, 9]]],
    [[0], [[1, 9]]],
    [[9], [[0, 8]]],
    [
      [3, 4, 7],
      [
        [0, 2],
        [5, 6],
        [8, 9],
      ],
    ],
    [
      [0, 2, 4, 6, 8],
      [
        [1, 1],
        [3, 3],
        [5, 5],
        [7, 7],
        [9, 9],
      ],
    ],
    [[0, 1, 2, 3, 4, 5, 6, 7, 8], [[9, 9]]],
  ])('with only the chunks %j says what is missing', async (there, missing) => {
    const upload = await makeUpload(ferry, user, { size: 1000, chunkSize: 100 });
    for (const index of there)
      await sendChunk(ferry, user, upload.id, index, chunkOf(upload, bytes, index)).expect(200);
    const refused = await complete(ferry, user, upload.id).expect(409);
    expect(refused.body).toMatchObject({ code: 'upload_incomplete', status: 409, missing });
    for (const [first, last] of missing) {
      for (let index = first; index <= last; index += 1) {
        await sendChunk(ferry, user, upload.id, index, chunkOf(upload, bytes, index)).expect(200);
      }
    }
    expect(fileOf(await complete(ferry, user, upload.id).expect(201)).sha256).toBe(sha256Of(bytes));
  });

  it('with a wrong digest makes nothing, with the right one a file', async () => {
    const upload = await filled();
    const refused = await complete(ferry, user, upload.id, { sha256: '0'.repeat(64) }).expect(422);
    expect(refused.body).toMatchObject({ code: 'digest_mismatch' });
    expect(await listFiles(ferry, user)).toEqual([]);
    const shown = await getUpload(ferry, user, upload.id).expect(200);
    expect(shown.body).toMatchObject({ state: 'open', received: [[0, 3]], receivedBytes: 1000 });
    const sha256 = sha256Of(bytes);
    const { file } = (await complete(ferry, user, upload.id, { sha256: sha256.toUpperCase() }).expect(201))
      .body as {
      file: ShownFile;
    };
    expect(file.sha256).toBe(sha256);
    await complete(ferry, user, upload.id, { sha256 }).expect(200, { file });
    await complete(ferry, user, upload.id, { sha256: '0'.repeat(64) }).expect(422);
  });

  it('checks the digest that was declared at the start', async () => {
    const wrong = await makeUpload(ferry, user, { size: 1000, chunkSize: 300, sha256: 'ab'.repeat(32) });
    await sendAll(ferry, user, wrong, bytes);
    const refused = await complete(ferry, user, wrong.id, { sha256: sha256Of(bytes) }).expect(422);
    expect(refused.body).toMatchObject({ code: 'digest_mismatch' });
    expect(await listFiles(ferry, user)).toEqual([]);
    const right = await makeUpload(ferry, user, { size: 1000, chunkSize: 300, sha256: sha256Of(bytes) });
    await sendAll(ferry, user, right, bytes);
    await complete(ferry, user, right.id).expect(201);
  });

  it.each([[{ sha256: 'xyz' }], [{ sha256: null }], [{ size: 5 }], [[]], ['text']])(
    'with the body %j is refused',
    async (body) => {
      const upload = await filled();
      const post = request(ferry.url).post(`${API}/uploads/${upload.id}/complete`).set(user.auth);
      await post.type('json').send(JSON.stringify(body)).expect(400);
      await complete(ferry, user, upload.id, {}).expect(201);
    },
  );

  it('twice gives the same file, and 201 and Location only once', async () => {
    const upload = await filled();
    const first = await complete(ferry, user, upload.id).expect(201);
    expect(first.headers['location']).toBe(`${API}/files/${fileOf(first).id}`);
    const second = await complete(ferry, user, upload.id).expect(200);
    expect(second.body).toEqual(first.body);
    expect(second.headers['location']).toBeUndefined();
    expect(await listFiles(ferry, user)).toEqual([fileOf(first)]);
  });

  it('ten times at once makes one file', async () => {
    const fresh = randomBytes(1000);
    const upload = await filled(fresh);
    const answers = await Promise.all(Array.from({ length: 10 }, () => complete(ferry, user, upload.id)));
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array<number>(9).fill(200), 201]);
    expect(new Set(answers.map((answer) => JSON.stringify(answer.body))).size).toBe(1);
    expect(await listFiles(ferry, user)).toEqual([fileOf(answers[0]!)]);
    expect(await ferry.stores.sql.blobs.find(sha256Of(fresh))).toMatchObject({ references: 1 });
  });

  it('leaves no part behind and keeps equal content once', async () => {
    const parts = await partsOf(ferry);
    const uploads = [await filled(), await filled()];
    const files = [];
    for (const { id } of uploads) files.push(fileOf(await complete(ferry, user, id).expect(201)));
    expect(files[0]!.id).not.toBe(files[1]!.id);
    expect(await partsOf(ferry)).toEqual(parts);
    for (const file of files) expect(await contentOf(ferry, user, file)).toEqual(bytes);
  });

  it('after its file was deleted is gone', async () => {
    const upload = await filled();
    const { id } = fileOf(await complete(ferry, user, upload.id).expect(201));
    await request(ferry.url).delete(`${API}/files/${id}`).set(user.auth).expect(204);
    const answer = await complete(ferry, user, upload.id).expect(410);
    expect(answer.body).toMatchObject({ code: 'gone' });
    const shown = await getUpload(ferry, user, upload.id).expect(200);
    expect(shown.body).toMatchObject({ state: 'complete' });
    expect(shown.body).not.toHaveProperty('file');
  });

  it('gives the file the name, type and visibility of the upload', async () => {
    const created = await createUpload(ferry, user, {
      name: '公开.txt',
      size: 1,
      type: 'text/plain; charset=utf-8',
      visibility: 'public',
    }).expect(201);
    const { id } = created.body as ShownUpload;
    await sendChunk(ferry, user, id, 0, Buffer.from('x')).expect(200);
    const file = fileOf(await complete(ferry, user, id).expect(201));
    expect(file).toMatchObject({ name: '公开.txt', type: 'text/plain; charset=utf-8', visibility: 'public' });
    await request(ferry.url).get(file.contentUrl).expect(200, 'x');
  });

  /** An upload whose chunks are all there. */
  async function filled(content = bytes): Promise<ShownUpload> {
    const upload = await makeUpload(ferry, user, { size: 1000, chunkSize: 300 });
    await sendAll(ferry, user, upload, content);
    return upload as ShownUpload;
  }
});
