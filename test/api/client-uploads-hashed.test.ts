import { createHash, randomBytes } from 'node:crypto';
import request, { type Test } from 'supertest';
import { API, makeUser, sha256Of, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import {
  abort,
  contentOf,
  getUpload,
  listFiles,
  partsOf,
  type ShownFile,
  type ShownUpload,
} from '../support/uploads';

const S = 1000;

let ferry: Ferry;
let user: TestUser;

beforeAll(async () => {
  ferry = await startFerry({
    settings: { MAX_FILE_BYTES: '64KiB', CHUNK_BYTES: '1KiB', MAX_CHUNK_BYTES: '4KiB' },
  });
});

beforeEach(async () => {
  user = await makeUser(ferry);
});

afterAll(() => ferry.stop());

const hashOf = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex');
const chunkOf = (bytes: Buffer, index: number): Buffer => bytes.subarray(index * S, (index + 1) * S);

interface Verified {
  shouldUpload: boolean;
  uploadedList: string[];
  url?: string;
  file?: ShownFile;
}

function verify(fileHash: string, filename = '电影.mp4', by = user): Test {
  return request(ferry.url).post('/compat/verify').set(by.auth).send({ filename, fileHash });
}

async function verified(fileHash: string, filename?: string, by?: TestUser): Promise<Verified> {
  return (await verify(fileHash, filename, by).expect(200)).body as Verified;
}

function sendChunk(fileHash: string, index: number | string, bytes: Buffer, filename = '电影.mp4'): Test {
  return request(ferry.url)
    .post('/compat/chunk')
    .set(user.auth)
    .attach('chunk', bytes, { filename: 'blob', contentType: 'application/octet-stream' })
    .field('hash', `${fileHash}-${index}`)
    .field('filename', filename)
    .field('fileHash', fileHash);
}

function merge(fileHash: string, more: object = {}): Test {
  return request(ferry.url)
    .post('/compat/merge')
    .set(user.auth)
    .send({ size: S, fileHash, filename: '电影.mp4', ...more });
}

const fileIn = (answer: { body: unknown }): ShownFile => (answer.body as { file: ShownFile }).file;

async function openUploads(): Promise<ShownUpload[]> {
  const answer = await request(ferry.url).get(`${API}/uploads`).set(user.auth).expect(200);
  return (answer.body as { items: ShownUpload[] }).items.filter(({ state }) => state === 'open');
}

describe('verify, chunk and merge', () => {
  it.each([
    ['in order', [0, 1, 2, 3], 3500],
    ['backwards, the shorter last one first', [3, 2, 1, 0], 3500],
    ['the last one in between', [1, 3, 0, 2], 3500],
    ['the last one second', [2, 3, 1, 0], 3500],
    ['chunks of one length, backwards', [3, 2, 1, 0], 4000],
    ['a last one of one byte, first', [3, 0, 1, 2], 3001],
    ['one chunk', [0], 1000],
    ['less than one chunk', [0], 10],
    ['nothing', [0], 0],
  ])('make a file of %s', async (_what, order, length) => {
    const bytes = randomBytes(length);
    const hash = hashOf(Buffer.concat([bytes, randomBytes(4)]));
    expect(await verified(hash)).toEqual({ shouldUpload: true, uploadedList: [] });
    const sent: number[] = [];
    for (const index of order) {
      await sendChunk(hash, index, chunkOf(bytes, index)).expect(200, { hash: `${hash}-${index}` });
      sent.push(index);
      const { uploadedList } = await verified(hash);
      const expected = length === 0 ? [] : sent.sort((a, b) => a - b).map((one) => `${hash}-${one}`);
      expect(uploadedList).toEqual(expected);
    }
    const answer = await merge(hash).expect(200);
    const file = fileIn(answer);
    expect(file).toMatchObject({
      name: '电影.mp4',
      size: length,
      sha256: sha256Of(bytes),
      type: 'video/mp4',
    });
    expect(answer.body).toMatchObject({ url: file.contentUrl });
    expect(answer.headers['ferry-file-id']).toBe(file.id);
    if (length > 0) expect(await contentOf(ferry, user, file)).toEqual(bytes);
    expect(fileIn(await merge(hash).expect(200))).toEqual(file);
    expect(await listFiles(ferry, user)).toEqual([file]);
    expect(await partsOf(ferry)).toEqual([]);
  });

  it('make one upload of chunks that come at the same time, in any order', async () => {
    const bytes = randomBytes(7300);
    const hash = hashOf(bytes);
    const answers = await Promise.all(
      [7, 3, 0, 5, 1, 6, 2, 4].map((i) => sendChunk(hash, i, chunkOf(bytes, i))),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
    expect(await openUploads()).toHaveLength(1);
    expect(fileIn(await merge(hash).expect(200))).toMatchObject({ sha256: sha256Of(bytes) });
  });

  it('show the upload among the others, where it can be aborted', async () => {
    const bytes = randomBytes(2500);
    const hash = hashOf(bytes);
    await sendChunk(hash, 2, chunkOf(bytes, 2)).expect(200);
    const [upload] = await openUploads();
    expect(upload).toMatchObject({ name: '电影.mp4', receivedBytes: 500 });
    await sendChunk(hash, 0, chunkOf(bytes, 0)).expect(200);
    const shown = (await getUpload(ferry, user, upload!.id).expect(200)).body as ShownUpload;
    expect(shown).toMatchObject({ size: 2500, receivedBytes: 1500 });
    await getUpload(ferry, await makeUser(ferry), upload!.id).expect(404);
    await abort(ferry, user, upload!.id).expect(204);
    expect(await verified(hash)).toEqual({ shouldUpload: true, uploadedList: [] });
    expect(await partsOf(ferry)).toEqual([]);
  });

  it.each<[string, number[], [number, number][]]>([
    ['nothing came', [], [[0, 0]]],
    ['only one in the middle came', [2], [[0, 1]]],
    ['only the last came', [3], [[0, 2]]],
    ['the first is missing', [1, 2, 3], [[0, 0]]],
    ['two are missing', [0, 3], [[1, 2]]],
  ])('say what is missing when %s', async (_what, sent, missing) => {
    const bytes = randomBytes(3500);
    const hash = hashOf(bytes);
    for (const index of sent) await sendChunk(hash, index, chunkOf(bytes, index)).expect(200);
    expect((await merge(hash).expect(409)).body).toMatchObject({ code: 'upload_incomplete', missing });
    for (const index of [0, 1, 2, 3]) await sendChunk(hash, index, chunkOf(bytes, index)).expect(200);
    expect(fileIn(await merge(hash).expect(200))).toMatchObject({ sha256: sha256Of(bytes) });
  });

  it('refuse a size of chunks that the chunks have not', async () => {
    const bytes = randomBytes(2500);
    const hash = hashOf(bytes);
    for (const index of [0, 1, 2]) await sendChunk(hash, index, chunkOf(bytes, index)).expect(200);
    for (const size of [999, 1001])
      expect((await merge(hash, { size }).expect(409)).body).toMatchObject({ code: 'conflict' });
    await merge(hash).expect(200);
    const small = randomBytes(10);
    await sendChunk(hashOf(small), 0, small).expect(200);
    await merge(hashOf(small), { size: 5 }).expect(409);
    await merge(hashOf(small), { size: 5_000_000 }).expect(200);
  });

  it.each<[string, [number, number][], [number, number]]>([
    ['longer than the first', [[0, 10]], [1, 11]],
    [
      'shorter in the middle',
      [
        [0, 10],
        [2, 10],
      ],
      [1, 9],
    ],
    [
      'shorter twice',
      [
        [0, 10],
        [3, 4],
      ],
      [2, 4],
    ],
    [
      'behind the last',
      [
        [0, 10],
        [2, 4],
      ],
      [3, 10],
    ],
    [
      'of another length than before',
      [
        [0, 10],
        [1, 10],
      ],
      [1, 9],
    ],
    ['longer than a lone one before it', [[1, 10]], [2, 11]],
    ['shorter than a lone one behind it', [[2, 10]], [1, 9]],
    ['a lone one of another length', [[2, 10]], [2, 11]],
  ])('refuse a chunk that is %s', async (_what, before, [index, length]) => {
    const hash = randomBytes(16).toString('hex');
    for (const [at, size] of before) await sendChunk(hash, at, randomBytes(size)).expect(200);
    const list = (await verified(hash)).uploadedList;
    expect((await sendChunk(hash, index, randomBytes(length)).expect(409)).body).toMatchObject({
      code: 'conflict',
    });
    expect((await verified(hash)).uploadedList).toEqual(list);
    expect((await partsOf(ferry)).length).toBe((await openUploads()).length);
    for (const { id } of await openUploads()) await abort(ferry, user, id).expect(204);
  });

  it('take the same chunk again, and refuse other bytes', async () => {
    const bytes = randomBytes(2500);
    const hash = hashOf(bytes);
    for (const index of [2, 2, 0, 0, 2]) await sendChunk(hash, index, chunkOf(bytes, index)).expect(200);
    for (const [index, length] of [
      [0, S],
      [2, 500],
    ] as const) {
      const refused = await sendChunk(hash, index, randomBytes(length)).expect(409);
      expect(refused.body).toMatchObject({ code: 'chunk_conflict' });
    }
    await sendChunk(hash, 1, chunkOf(bytes, 1)).expect(200);
    await merge(hash).expect(200);
    const after = await sendChunk(hash, 1, chunkOf(bytes, 1)).expect(200);
    expect(after.headers['ferry-file-id']).toBeDefined();
    await sendChunk(hash, 1, randomBytes(S)).expect(409);
    await sendChunk(hash, 7, randomBytes(500)).expect(409);
    expect(await partsOf(ferry)).toEqual([]);
  });

  describe('for a file that was merged', () => {
    let bytes: Buffer;
    let hash: string;
    let file: ShownFile;

    beforeEach(async () => {
      bytes = randomBytes(1500);
      hash = hashOf(bytes);
      for (const index of [0, 1]) await sendChunk(hash, index, chunkOf(bytes, index)).expect(200);
      file = fileIn(await merge(hash).expect(200));
    });

    it('say that nothing needs to be sent', async () => {
      expect(await verified(hash)).toEqual({
        shouldUpload: false,
        uploadedList: [],
        url: file.contentUrl,
        file,
      });
      expect(await listFiles(ferry, user)).toHaveLength(1);
    });

    it('make one more file under another name, once', async () => {
      const first = await verified(hash, '另一个.mp4');
      expect(first).toMatchObject({ shouldUpload: false, file: { name: '另一个.mp4', sha256: file.sha256 } });
      expect(await verified(hash, '另一个.mp4')).toEqual(first);
      expect(fileIn(await merge(hash, { filename: '另一个.mp4' }).expect(200))).toEqual(first.file);
      expect(fileIn(await merge(hash).expect(200))).toEqual(file);
      expect(await listFiles(ferry, user)).toHaveLength(2);
    });

    it('ask for it again once it is deleted', async () => {
      await request(ferry.url).delete(`${API}/files/${file.id}`).set(user.auth).expect(204);
      expect(await verified(hash)).toEqual({ shouldUpload: true, uploadedList: [] });
      for (const index of [0, 1]) await sendChunk(hash, index, chunkOf(bytes, index)).expect(200);
      expect(fileIn(await merge(hash).expect(200)).id).not.toBe(file.id);
    });

    it('tell nobody else of it', async () => {
      const other = await makeUser(ferry);
      expect(await verified(hash, undefined, other)).toEqual({ shouldUpload: true, uploadedList: [] });
      const asked = request(ferry.url).post('/compat/merge').set(other.auth);
      await asked.send({ size: S, fileHash: hash, filename: 'a' }).expect(409);
    });
  });

  it('name the file as the merge does', async () => {
    const bytes = randomBytes(10);
    await sendChunk(hashOf(bytes), 0, bytes, 'blob').expect(200);
    expect(fileIn(await merge(hashOf(bytes), { filename: '../../等/a.txt' }).expect(200))).toMatchObject({
      name: 'a.txt',
    });
  });

  it.each([
    ['a path', '../../../etc/passwd'],
    ['a long one', 'x'.repeat(256)],
    ['quotes and brackets', `"'<>{}[]`],
    ['Chinese', '哈希'],
    ['hyphens and digits', 'a-1-2'],
  ])('take %s for a hash', async (_what, hash) => {
    await sendChunk(hash, 0, randomBytes(10)).expect(200);
    expect((await verified(hash)).uploadedList).toEqual([`${hash}-0`]);
    await merge(hash).expect(200);
    expect(await partsOf(ferry)).toEqual([]);
  });

  it.each<[string, Record<string, string | string[]>, string]>([
    ['no hash', { hash: [] }, 'hash'],
    ['the hash of another file', { hash: 'other-0' }, 'hash'],
    ['no number', { hash: 'h-' }, 'hash'],
    ['NaN', { hash: 'h-NaN' }, 'hash'],
    ['a negative number', { hash: 'h--1' }, 'hash'],
    ['an exponent', { hash: 'h-1e9' }, 'hash'],
    ['a huge number', { hash: 'h-100000' }, 'hash'],
    ['a number with a leading zero', { hash: 'h-01' }, 'hash'],
    ['no name', { filename: '' }, 'filename'],
    ['two names', { filename: ['a', 'b'] }, 'filename'],
    ['no fileHash', { fileHash: [] }, 'fileHash'],
    ['__proto__', { ['__proto__']: 'x' }, '__proto__'],
  ])('refuse a chunk with %s, naming the field', async (_what, wrong, path) => {
    const fields: Record<string, string | string[]> = { hash: 'h-0', filename: 'a', fileHash: 'h' };
    let post = request(ferry.url)
      .post('/compat/chunk')
      .set(user.auth)
      .attach('chunk', Buffer.from('x'), 'blob');
    for (const name of new Set([...Object.keys(fields), ...Object.getOwnPropertyNames(wrong)])) {
      const value = Object.hasOwn(wrong, name) ? wrong[name]! : fields[name]!;
      for (const one of [value].flat()) post = post.field(name, one);
    }
    const answer = await post.expect(400);
    expect((answer.body as { errors: { path: string }[] }).errors.map((error) => error.path)).toContain(path);
    expect(await partsOf(ferry)).toEqual([]);
  });

  it.each([
    ['/compat/verify', { filename: 'a' }, 'fileHash'],
    ['/compat/verify', { fileHash: 'a', filename: { $ne: null } }, 'filename'],
    ['/compat/merge', { fileHash: 'a', filename: 'a' }, 'size'],
    ['/compat/merge', { fileHash: 'a', filename: 'a', size: -1 }, 'size'],
    ['/compat/merge', { fileHash: 'a', filename: 'a', size: 1e99 }, 'size'],
    ['/compat/merge', { fileHash: 'a', filename: 'a', size: '1000' }, 'size'],
  ])('%s refuses %j, naming %s', async (path, body, field) => {
    const answer = await request(ferry.url).post(path).set(user.auth).send(body).expect(400);
    expect((answer.body as { errors: { path: string }[] }).errors.map((error) => error.path)).toContain(
      field,
    );
  });

  it('refuse a chunk that is too long, and one that would make the file too long', async () => {
    expect((await sendChunk('h', 0, randomBytes(4097)).expect(413)).body).toMatchObject({
      code: 'too_large',
    });
    await sendChunk('h', 0, randomBytes(4096)).expect(200);
    expect((await sendChunk('h', 16, randomBytes(1)).expect(413)).body).toMatchObject({ code: 'too_large' });
    expect((await sendChunk('h', 15, randomBytes(4096)).expect(200)).body).toEqual({ hash: 'h-15' });
    expect((await sendChunk('late', 99_999, randomBytes(10)).expect(200)).body).toEqual({
      hash: 'late-99999',
    });
    expect((await sendChunk('late', 0, randomBytes(10)).expect(413)).body).toMatchObject({
      code: 'too_large',
    });
    expect((await verified('late')).uploadedList).toEqual(['late-99999']);
    for (const { id } of await openUploads()) await abort(ferry, user, id).expect(204);
  });

  it('need a signed-in user', async () => {
    for (const path of ['verify', 'chunk', 'merge'])
      await request(ferry.url).post(`/compat/${path}`).send({}).expect(401);
  });

  it('obey the quota, counting what comes', async () => {
    const limited = await startFerry({ settings: { USER_QUOTA_BYTES: '2500' } });
    const unlimited = ferry;
    ferry = limited;
    try {
      user = await makeUser(limited);
      const bytes = randomBytes(4000);
      await sendChunk('h', 3, chunkOf(bytes, 3)).expect(200);
      await sendChunk('g', 1, chunkOf(bytes, 1)).expect(200);
      expect((await sendChunk('g', 2, chunkOf(bytes, 2)).expect(413)).body).toMatchObject({
        code: 'quota_exceeded',
      });
      expect((await verified('g')).uploadedList).toEqual(['g-1']);
      expect((await partsOf(limited)).length).toBe(2);
    } finally {
      ferry = unlimited;
      await limited.stop();
    }
  });

  it('ask for everything again where instant upload is off, and compare', async () => {
    const strict = await startFerry({ settings: { INSTANT_UPLOAD: 'off' } });
    const usual = ferry;
    ferry = strict;
    try {
      user = await makeUser(strict);
      const bytes = randomBytes(10);
      await sendChunk('h', 0, bytes).expect(200);
      const file = fileIn(await merge('h').expect(200));
      expect(await verified('h')).toEqual({ shouldUpload: true, uploadedList: [] });
      await sendChunk('h', 0, bytes).expect(200);
      expect(fileIn(await merge('h').expect(200))).toEqual(file);
    } finally {
      ferry = usual;
      await strict.stop();
    }
  });
});
