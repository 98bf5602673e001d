import { createHash, randomBytes } from 'node:crypto';
import request, { type Test } from 'supertest';
import { Browser } from '../support/browser';
import { fileIn, openUploadsOf } from '../support/client-uploads';
import { API, makeUser, sha256Of, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { abort, contentOf, getUpload, listFiles } from '../support/uploads';

const S = 1000;

let ferry: Ferry;
let user: TestUser;

beforeAll(async () => {
  ferry = await startFerry({ settings: { MAX_FILE_BYTES: '1MiB' } });
});

beforeEach(async () => {
  user = await makeUser(ferry);
});

afterAll(() => ferry.stop());

const fieldsOf = (bytes: Buffer, index: number, identifier: string): Record<string, string> => ({
  identifier,
  index: String(index),
  chunkSize: String(bytes.subarray(index * S, (index + 1) * S).length),
  fileName: '视频.mp4',
  totalChunks: String(Math.ceil(bytes.length / S)),
  totalSize: String(bytes.length),
});

function upload(
  bytes: Buffer,
  index: number,
  identifier: string,
  { body = bytes.subarray(index * S, (index + 1) * S), more = {} } = {},
): Test {
  return request(ferry.url)
    .post('/compat/wechat/upload')
    .set(user.auth)
    .query({ ...fieldsOf(bytes, index, identifier), ...more })
    .set('Content-Type', 'application/octet-stream')
    .send(body);
}

const ask = (what: 'verify' | 'merge', identifier: string, fileName = '视频.mp4', by = user): Test =>
  request(ferry.url).get(`/compat/wechat/${what}`).set(by.auth).query({ identifier, fileName });

const openUploads = () => openUploadsOf(ferry, user);

const NOTHING = { needUpload: true, uploadedChunks: [], url: '' };

describe('the door of miniprogram-file-uploader', () => {
  it.each([
    ['in order', [0, 1, 2], 2500],
    ['the last one first', [2, 1, 0], 2500],
    ['chunks of one length', [1, 2, 0], 3000],
    ['one chunk', [0], 10],
  ])('makes a file of %s', async (_what, order, length) => {
    const bytes = randomBytes(length);
    const identifier = createHash('md5').update(bytes).digest('hex');
    await ask('verify', identifier).expect(200, NOTHING);
    const sent: number[] = [];
    for (const index of order) {
      await upload(bytes, index, identifier).expect(200, { index });
      sent.push(index);
      const uploadedChunks = sent.sort((a, b) => a - b);
      await ask('verify', identifier).expect(200, { needUpload: true, uploadedChunks, url: '' });
    }
    const answer = await ask('merge', identifier).expect(200);
    const file = fileIn(answer);
    expect(file).toMatchObject({
      name: '视频.mp4',
      type: 'video/mp4',
      size: length,
      sha256: sha256Of(bytes),
    });
    expect(answer.body).toMatchObject({ url: file.contentUrl });
    expect(answer.headers['ferry-file-id']).toBe(file.id);
    expect(await contentOf(ferry, user, file)).toEqual(bytes);
    expect(fileIn(await ask('merge', identifier).expect(200))).toEqual(file);
    await ask('verify', identifier).expect(200, {
      needUpload: false,
      uploadedChunks: [],
      url: file.contentUrl,
    });
    expect(await listFiles(ferry, user)).toEqual([file]);
    await upload(bytes, 0, identifier).expect(200);
    await upload(bytes, 0, identifier, { body: randomBytes(Math.min(S, length)) }).expect(409);
  });

  it('makes one upload of chunks that come at the same time, which others do not see', async () => {
    const bytes = randomBytes(4500);
    const answers = await Promise.all([4, 0, 2].map((index) => upload(bytes, index, 'an-id')));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    const [open, ...more] = await openUploads();
    expect(more).toEqual([]);
    expect(open).toMatchObject({ name: '视频.mp4', size: 4500, receivedBytes: 2500 });
    const other = await makeUser(ferry);
    await getUpload(ferry, other, open!.id).expect(404);
    await ask('verify', 'an-id', 'a', other).expect(200, NOTHING);
    await ask('merge', 'an-id', 'a', other).expect(409);
    await abort(ferry, user, open!.id).expect(204);
    await ask('verify', 'an-id').expect(200, NOTHING);
  });

  it('says what is missing', async () => {
    const bytes = randomBytes(4500);
    expect((await ask('merge', 'an-id').expect(409)).body).toMatchObject({
      code: 'upload_incomplete',
      missing: [[0, 0]],
    });
    for (const index of [0, 3]) await upload(bytes, index, 'an-id').expect(200);
    const refused = await ask('merge', 'an-id').expect(409);
    expect(refused.body).toMatchObject({
      code: 'upload_incomplete',
      missing: [
        [1, 2],
        [4, 4],
      ],
    });
  });

  it('names the file as the merge does, and takes no name', async () => {
    await upload(randomBytes(10), 0, 'a', { more: { fileName: 'a' } }).expect(200);
    expect(fileIn(await ask('merge', 'a', 'a&b.jpg').expect(200))).toMatchObject({ name: 'a&b.jpg' });
    await upload(randomBytes(10), 0, 'b', { more: { fileName: '' } }).expect(200);
    expect(fileIn(await ask('merge', 'b', '').expect(200))).toMatchObject({ name: 'file' });
  });

  it.each<[string, object, string]>([
    ['NaN', { index: 'NaN' }, 'index'],
    ['a negative number', { index: '-1' }, 'index'],
    ['an exponent', { totalSize: '1e99' }, 'totalSize'],
    ['a huge number', { totalSize: '9'.repeat(30) }, 'totalSize'],
    ['too many chunks', { totalChunks: '100001' }, 'totalChunks'],
    ['an index beyond the last', { index: '3' }, 'index'],
    ['sizes that contradict each other', { totalSize: '9000' }, 'chunkSize'],
    ['a field that comes twice', { identifier: ['a', 'b'] }, 'identifier'],
    ['no identifier', { identifier: '' }, 'identifier'],
    ['constructor', { constructor: 'x' }, 'constructor'],
  ])('refuses %s, naming the field', async (_what, more, path) => {
    const answer = await upload(randomBytes(2500), 0, 'wrong', { more }).expect(400);
    expect((answer.body as { errors: { path: string }[] }).errors.map((error) => error.path)).toContain(path);
    expect(await openUploads()).toEqual([]);
  });

  it.each<[string, object, string]>([
    ['totalSize', { totalSize: '2501' }, 'totalSize'],
    ['chunkSize', { totalSize: '2500', totalChunks: '4', chunkSize: '800' }, 'chunkSize'],
  ])('refuses a %s that contradicts an earlier chunk', async (_what, more, path) => {
    const bytes = randomBytes(2500);
    await upload(bytes, 0, 'said').expect(200);
    const length = Number((more as { chunkSize?: string }).chunkSize ?? S);
    const answer = await upload(bytes, 1, 'said', { more, body: randomBytes(length) }).expect(400);
    expect(answer.body).toMatchObject({ errors: [{ path }] });
    for (const index of [1, 2]) await upload(bytes, index, 'said').expect(200);
    expect(fileIn(await ask('merge', 'said').expect(200))).toMatchObject({ sha256: sha256Of(bytes) });
  });

  it('refuses a body of another length, and leaves the chunk missing', async () => {
    const bytes = randomBytes(2500);
    await upload(bytes, 0, 'cut', { body: randomBytes(999) }).expect(400);
    await upload(bytes, 0, 'cut', { body: randomBytes(1001) }).expect(413);
    await ask('verify', 'cut').expect(200, NOTHING);
    expect(
      (
        await upload(randomBytes(10), 0, 'big', {
          more: { totalSize: '2000000', totalChunks: '2', chunkSize: '1000000' },
          body: Buffer.alloc(1_000_000),
        }).expect(413)
      ).body,
    ).toMatchObject({ code: 'too_large' });
  });

  it('needs a signed-in user, or an upload ticket', async () => {
    for (const what of ['verify', 'merge'])
      await request(ferry.url).get(`/compat/wechat/${what}`).query({ identifier: 'a' }).expect(401);
    const made = await request(ferry.url).post(`${API}/uploads/tickets`).set(user.auth).expect(201);
    const { ticket } = made.body as { ticket: string };
    await request(ferry.url)
      .get('/compat/wechat/verify')
      .query({ identifier: 'a', ticket })
      .expect(200, NOTHING);
  });

  it('merges for a cookie only on our own pages, because a GET can be caused by anybody', async () => {
    const browser = await Browser.signedIn(ferry, user);
    const bytes = randomBytes(10);
    await upload(bytes, 0, 'cookie').expect(200);
    const merge = (headers: Record<string, string>) =>
      browser.ask('get', '/compat/wechat/merge?identifier=cookie', undefined, headers);
    for (const headers of [
      { 'Sec-Fetch-Site': 'cross-site' },
      { 'Sec-Fetch-Site': 'same-site' },
      { Origin: 'null' },
      {},
    ])
      expect((await merge(headers as Record<string, string>).expect(403)).body).toMatchObject({
        code: 'cross_site',
      });
    expect(await listFiles(ferry, user)).toEqual([]);
    await merge({ 'Sec-Fetch-Site': 'same-origin' }).expect(200);
  });
});
