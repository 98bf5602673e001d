import { randomBytes } from 'node:crypto';
import request from 'supertest';
import { fileIn, HASHED_CHUNK, hashedChunk, hashedClient, md5Of } from '../support/client-uploads';
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

const { verified, sendChunk, merge, openUploads } = hashedClient(() => ({ ferry, user }));

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
    const hash = md5Of(Buffer.concat([bytes, randomBytes(4)]));
    expect(await verified(hash)).toEqual({ shouldUpload: true, uploadedList: [] });
    const sent: number[] = [];
    for (const index of order) {
      await sendChunk(hash, index, hashedChunk(bytes, index)).expect(200, { hash: `${hash}-${index}` });
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
    const hash = md5Of(bytes);
    const answers = await Promise.all(
      [7, 3, 0, 5, 1, 6, 2, 4].map((i) => sendChunk(hash, i, hashedChunk(bytes, i))),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
    expect(await openUploads()).toHaveLength(1);
    expect(fileIn(await merge(hash).expect(200))).toMatchObject({ sha256: sha256Of(bytes) });
  });

  it('show the upload among the others, where it can be aborted', async () => {
    const bytes = randomBytes(2500);
    const hash = md5Of(bytes);
    await sendChunk(hash, 2, hashedChunk(bytes, 2)).expect(200);
    const [upload] = await openUploads();
    expect(upload).toMatchObject({ name: '电影.mp4', receivedBytes: 500 });
    await sendChunk(hash, 0, hashedChunk(bytes, 0)).expect(200);
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
    const hash = md5Of(bytes);
    for (const index of sent) await sendChunk(hash, index, hashedChunk(bytes, index)).expect(200);
    expect((await merge(hash).expect(409)).body).toMatchObject({ code: 'upload_incomplete', missing });
    for (const index of [0, 1, 2, 3]) await sendChunk(hash, index, hashedChunk(bytes, index)).expect(200);
    expect(fileIn(await merge(hash).expect(200))).toMatchObject({ sha256: sha256Of(bytes) });
  });

  it('refuse a size of chunks that the chunks have not', async () => {
    const bytes = randomBytes(2500);
    const hash = md5Of(bytes);
    for (const index of [0, 1, 2]) await sendChunk(hash, index, hashedChunk(bytes, index)).expect(200);
    for (const size of [999, 1001])
      expect((await merge(hash, { size }).expect(409)).body).toMatchObject({ code: 'conflict' });
    await merge(hash).expect(200);
    const small = randomBytes(10);
    await sendChunk(md5Of(small), 0, small).expect(200);
    await merge(md5Of(small), { size: 5 }).expect(409);
    await merge(md5Of(small), { size: 5_000_000 }).expect(200);
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
    const hash = md5Of(bytes);
    for (const index of [2, 2, 0, 0, 2]) await sendChunk(hash, index, hashedChunk(bytes, index)).expect(200);
    for (const [index, length] of [
      [0, HASHED_CHUNK],
      [2, 500],
    ] as const) {
      const refused = await sendChunk(hash, index, randomBytes(length)).expect(409);
      expect(refused.body).toMatchObject({ code: 'chunk_conflict' });
    }
    await sendChunk(hash, 1, hashedChunk(bytes, 1)).expect(200);
    await merge(hash).expect(200);
    const after = await sendChunk(hash, 1, hashedChunk(bytes, 1)).expect(200);
    expect(after.headers['ferry-file-id']).toBeDefined();
    await sendChunk(hash, 1, randomBytes(HASHED_CHUNK)).expect(409);
    await sendChunk(hash, 7, randomBytes(500)).expect(409);
    expect(await partsOf(ferry)).toEqual([]);
  });

  describe('for a file that was merged', () => {
    let bytes: Buffer;
    let hash: string;
    let file: ShownFile;

    beforeEach(async () => {
      bytes = randomBytes(1500);
      hash = md5Of(bytes);
      for (const index of [0, 1]) await sendChunk(hash, index, hashedChunk(bytes, index)).expect(200);
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
      for (const index of [0, 1]) await sendChunk(hash, index, hashedChunk(bytes, index)).expect(200);
      expect(fileIn(await merge(hash).expect(200)).id).not.toBe(file.id);
    });

    it('tell nobody else of it', async () => {
      const other = await makeUser(ferry);
      expect(await verified(hash, undefined, other)).toEqual({ shouldUpload: true, uploadedList: [] });
      const asked = request(ferry.url).post('/compat/merge').set(other.auth);
      await asked.send({ size: HASHED_CHUNK, fileHash: hash, filename: 'a' }).expect(409);
    });
  });
});
