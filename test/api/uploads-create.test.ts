import request from 'supertest';
import { API, makeUpload, makeUser, sha256Of, type TestUser } from '../support/factories';
import { withBlobs } from '../support/faults';
import { startFerry, type Ferry } from '../support/ferry';
import {
  abort,
  complete,
  createUpload,
  getUpload,
  listFiles,
  partsOf,
  sendAll,
  sendChunk,
  type ShownUpload,
} from '../support/uploads';

interface Problem {
  code: string;
  errors?: { path: string; message: string }[];
}

describe('POST /uploads', () => {
  let ferry: Ferry;
  let user: TestUser;

  beforeAll(async () => {
    ferry = await startFerry({ settings: { MAX_FILE_BYTES: '1GiB' } });
    user = await makeUser(ferry);
  });

  afterAll(() => ferry.stop());

  const name = 'a.bin';
  it.each<[string, object, string[]]>([
    ['nothing', {}, ['name', 'size']],
    ['no size', { name }, ['size']],
    ['a negative size', { name, size: -1 }, ['size']],
    ['a fraction of a byte', { name, size: 1.5 }, ['size']],
    ['a size as text', { name, size: '5' }, ['size']],
    ['a size of null', { name, size: null }, ['size']],
    ['a size beyond whole numbers', { name, size: 2 ** 53 }, ['size']],
    ['an enormous size', { name, size: 1e300 }, ['size']],
    ['an empty name', { name: '', size: 1 }, ['name']],
    ['a name that is no text', { name: { $ne: null }, size: 1 }, ['name']],
    ['a name of 1025 characters', { name: 'x'.repeat(1025), size: 1 }, ['name']],
    ['half a character', { name: '\ud83d.txt', size: 1 }, ['name']],
    ['a chunk size of 0', { name, size: 1, chunkSize: 0 }, ['chunkSize']],
    ['a negative chunk size', { name, size: 1, chunkSize: -5 }, ['chunkSize']],
    ['a fractional chunk size', { name, size: 1, chunkSize: 0.5 }, ['chunkSize']],
    ['a short digest', { name, size: 1, sha256: 'abc' }, ['sha256']],
    ['a digest that is not hexadecimal', { name, size: 1, sha256: 'g'.repeat(64) }, ['sha256']],
    ['an unknown visibility', { name, size: 1, visibility: 'friends' }, ['visibility']],
    ['a type that is no text', { name, size: 1, type: 5 }, ['type']],
    ['fields that nobody may set', { name, size: 1, ownerId: 'x', state: 'complete' }, ['ownerId', 'state']],
    ['several mistakes', { name: '', size: -1, role: 'admin' }, ['name', 'role', 'size']],
  ])('refuses %s', async (_what, body, paths) => {
    const answer = await createUpload(ferry, user, body).expect(400);
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    const problem = answer.body as Problem;
    expect(problem.code).toBe('invalid_request');
    expect([...new Set(problem.errors?.map(({ path }) => path))].sort()).toEqual(paths);
  });

  it.each([['[]'], ['null'], ['"text"'], ['{"name": "a", "size": 1'], ['']])(
    'refuses %j as the body',
    async (body) => {
      const post = request(ferry.url)
        .post(`${API}/uploads`)
        .set(user.auth)
        .set('Content-Type', 'application/json');
      const answer = await post.send(body).expect(400);
      expect((answer.body as Problem).code).toBe('invalid_request');
    },
  );

  it('refuses what is not JSON, an unknown query and no credentials', async () => {
    const post = () => request(ferry.url).post(`${API}/uploads`);
    await post().set(user.auth).type('text/plain').send('{"name":"a","size":1}').expect(415);
    await post().set(user.auth).type('form').send('name=a&size=1').expect(415);
    await request(ferry.url).post(`${API}/uploads?name=b`).set(user.auth).send({ name, size: 1 }).expect(400);
    await post().send({ name, size: 1 }).expect(401);
  });

  it.each<[string, string, string]>([
    ['a Chinese name', '报告 最终版.docx', '报告 最终版.docx'],
    ['an emoji', '😀.zip', '😀.zip'],
    ['a way up', '../../etc/passwd', 'passwd'],
    ['an encoded slash', '..%2f..%2fx.txt', '..%2f..%2fx.txt'],
    ['a path of Windows', 'C:\\x\\y.txt', 'y.txt'],
    ['a device of Windows', 'CON', 'CON'],
    ['a NUL', 'a\0.txt', 'a.txt'],
    ['CR LF', 'a\r\nSet-Cookie: x.txt', 'aSet-Cookie: x.txt'],
    ['a change of direction', 'gpj.\u202eexe.txt', 'gpj.exe.txt'],
    ['dots', '..', 'file'],
    ['300 characters', `${'x'.repeat(296)}.txt`, `${'x'.repeat(251)}.txt`],
    ['300 bytes of Chinese', `${'长'.repeat(100)}.txt`, `${'长'.repeat(83)}.txt`],
    ['quotes', `it's "(1)*.txt`, `it's "(1)*.txt`],
  ])('keeps of %s what is a name', async (_what, sent, kept) => {
    const answer = await createUpload(ferry, user, { name: sent, size: 1 }).expect(201);
    expect((answer.body as ShownUpload).name).toBe(kept);
    expect(await partsOf(ferry)).toContain((answer.body as ShownUpload).id);
  });

  it.each<[object, string]>([
    [{ name: 'a.png' }, 'image/png'],
    [{ name: 'a' }, 'application/octet-stream'],
    [{ name: 'a.png', type: 'Text/Plain;charset=UTF-8' }, 'text/plain; charset=UTF-8'],
    [{ name: 'a.bin', type: 'text/html\r\nX: y' }, 'application/octet-stream'],
    [{ name: 'a.bin', type: 'x' }, 'application/octet-stream'],
  ])('takes %j for %s', async (fields, type) => {
    const answer = await createUpload(ferry, user, { ...fields, size: 1 }).expect(201);
    expect((answer.body as ShownUpload).type).toBe(type);
  });

  it('makes of an empty file a file at once', async () => {
    const answer = await createUpload(ferry, user, { name: 'empty', size: 0, visibility: 'public' }).expect(
      201,
    );
    const upload = answer.body as ShownUpload;
    expect(upload).toMatchObject({ chunkCount: 0, received: [], receivedBytes: 0, state: 'complete' });
    expect(upload.file).toMatchObject({ size: 0, sha256: sha256Of(Buffer.alloc(0)), visibility: 'public' });
    const content = await request(ferry.url).get(upload.file!.contentUrl).expect(200);
    expect(content.headers['content-length']).toBe('0');
    await complete(ferry, user, upload.id).expect(200, { file: upload.file });
    await sendChunk(ferry, user, upload.id, 0, Buffer.from('x')).expect(409);
  });

  it('leaves nothing of an empty file whose digest is wrong', async () => {
    const owner = await makeUser(ferry);
    const answer = await createUpload(ferry, owner, { name, size: 0, sha256: 'ab'.repeat(32) }).expect(422);
    expect(answer.body).toMatchObject({ code: 'digest_mismatch' });
    expect(await listFiles(ferry, owner)).toEqual([]);
    const list = await request(ferry.url).get(`${API}/uploads`).set(owner.auth).expect(200);
    const { items } = list.body as { items: ShownUpload[] };
    expect(items.filter(({ state }) => state === 'open')).toEqual([]);
  });

  it.each([[2 ** 30 + 1], [Number.MAX_SAFE_INTEGER]])('has no room for a file of %d bytes', async (size) => {
    const before = await partsOf(ferry);
    const answer = await createUpload(ferry, user, { name, size }).expect(413);
    expect(answer.body).toMatchObject({ code: 'too_large' });
    expect(await partsOf(ferry)).toEqual(before);
  });

  it('takes the largest file', async () => {
    const upload = await makeUpload(ferry, user, { size: 2 ** 30 });
    expect(upload).toMatchObject({ size: 2 ** 30, chunkSize: 5 * 2 ** 20, chunkCount: 205 });
    await abort(ferry, user, upload.id).expect(204);
  });
});

describe('the chunk size', () => {
  let ferry: Ferry;
  let user: TestUser;

  beforeAll(async () => {
    const settings = { MIN_CHUNK_BYTES: '1KiB', CHUNK_BYTES: '4KiB', MAX_CHUNK_BYTES: '16KiB' };
    ferry = await startFerry({ settings });
    user = await makeUser(ferry);
  });

  afterAll(() => ferry.stop());

  it.each<[size: number, asked: number | undefined, chunkSize: number, chunkCount: number]>([
    [10_000, undefined, 4096, 3],
    [10_000, 2000, 2000, 5],
    [10_000, 1, 1024, 10],
    [10_000, 10_000_000, 16_384, 1],
    [4096, undefined, 4096, 1],
    [4097, undefined, 4096, 2],
    [1, undefined, 4096, 1],
    [10_240_000, 1024, 1024, 10_000],
    [10_240_001, 1024, 1025, 9991],
    [200_000_000, undefined, 20_000, 10_000],
    [1, Number.MAX_SAFE_INTEGER, 16_384, 1],
  ])('of %d bytes, asked for %p, is %d: %d chunks', async (size, asked, chunkSize, chunkCount) => {
    const answer = await createUpload(ferry, user, { name: 'a', size, chunkSize: asked }).expect(201);
    expect(answer.body).toMatchObject({ chunkSize, chunkCount });
    await abort(ferry, user, (answer.body as ShownUpload).id).expect(204);
  });
});

describe('a quota', () => {
  let ferry: Ferry;

  beforeAll(async () => {
    ferry = await startFerry({ settings: { USER_QUOTA_BYTES: '1000' } });
  });

  afterAll(() => ferry.stop());

  it('counts open uploads and files, for each user', async () => {
    const [user, other] = [await makeUser(ferry), await makeUser(ferry)];
    const upload = await makeUpload(ferry, user, { size: 600, chunkSize: 600 });
    const parts = await partsOf(ferry);
    const refused = await createUpload(ferry, user, { name: 'b', size: 401 }).expect(413);
    expect(refused.body).toMatchObject({ code: 'quota_exceeded' });
    expect(await partsOf(ferry)).toEqual(parts);
    await createUpload(ferry, other, { name: 'b', size: 1000 }).expect(201);
    await sendAll(ferry, user, upload, Buffer.alloc(600, 'x'));
    const done = await complete(ferry, user, upload.id).expect(201);
    await createUpload(ferry, user, { name: 'b', size: 401 }).expect(413);
    const last = await makeUpload(ferry, user, { size: 400 });
    await createUpload(ferry, user, { name: 'c', size: 1 }).expect(413);
    await createUpload(ferry, user, { name: 'nothing', size: 0 }).expect(201);
    await abort(ferry, user, last.id).expect(204);
    const { file } = done.body as { file: { id: string } };
    await request(ferry.url).delete(`${API}/files/${file.id}`).set(user.auth).expect(204);
    await createUpload(ferry, user, { name: 'b', size: 1000 }).expect(201);
  });

  it('counts content that needs no sending', async () => {
    const user = await makeUser(ferry);
    const bytes = Buffer.alloc(600, 'y');
    const upload = await makeUpload(ferry, user, { size: 600, chunkSize: 600 });
    await sendAll(ferry, user, upload, bytes);
    await complete(ferry, user, upload.id).expect(201);
    const again = { name: 'again', size: 600, sha256: sha256Of(bytes) };
    expect((await createUpload(ferry, user, again).expect(413)).body).toMatchObject({
      code: 'quota_exceeded',
    });
    expect(await listFiles(ferry, user)).toHaveLength(1);
  });

  it('holds when uploads are created at once', async () => {
    const user = await makeUser(ferry);
    const body = { name: 'a', size: 300 };
    const answers = await Promise.all(Array.from({ length: 8 }, () => createUpload(ferry, user, body)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 201, 413, 413, 413, 413, 413]);
  });
});

describe('limits of the server', () => {
  it('has room only for what the disk can take, open uploads counted', async () => {
    const ferry = await startFerry({
      settings: { FREE_SPACE_BYTES: '1000' },
      wrapStores: withBlobs(() => ({ freeBytes: () => Promise.resolve(2000) })),
    });
    try {
      const [user, other] = [await makeUser(ferry), await makeUser(ferry)];
      const upload = await makeUpload(ferry, user, { size: 600, chunkSize: 300 });
      const refused = await createUpload(ferry, other, { name: 'b', size: 401 }).expect(507);
      expect(refused.body).toMatchObject({ code: 'out_of_space' });
      // What has come is no longer free on the disk, so it is not counted twice.
      await sendChunk(ferry, user, upload.id, 0, Buffer.alloc(300)).expect(200);
      await createUpload(ferry, other, { name: 'b', size: 700 }).expect(201);
      await abort(ferry, user, upload.id).expect(204);
      await createUpload(ferry, other, { name: 'b', size: 301 }).expect(507);
      await createUpload(ferry, other, { name: 'b', size: 300 }).expect(201);
    } finally {
      await ferry.stop();
    }
  });

  it('takes only so many open uploads from one user', async () => {
    const ferry = await startFerry({ settings: { MAX_OPEN_UPLOADS: '2' } });
    try {
      const [user, other] = [await makeUser(ferry), await makeUser(ferry)];
      const create = (as: TestUser) => createUpload(ferry, as, { name: 'a', size: 1 });
      const answers = await Promise.all([create(user), create(user), create(user), create(user)]);
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 429, 429]);
      const refused = answers.find(({ status }) => status === 429)!;
      expect(refused.body).toMatchObject({ code: 'rate_limited' });
      expect(refused.headers['retry-after']).toMatch(/^[1-9]\d*$/);
      expect(refused.headers['ratelimit-policy']).toBe('"open-uploads";q=2');
      expect(refused.headers['ratelimit']).toBe('"open-uploads";r=0');
      expect(await partsOf(ferry)).toHaveLength(2);
      await create(other).expect(201);
      const { id } = answers.find(({ status }) => status === 201)!.body as ShownUpload;
      await abort(ferry, user, id).expect(204);
      await create(user).expect(201);
      await getUpload(ferry, user, id).expect(410);
    } finally {
      await ferry.stop();
    }
  });
});
