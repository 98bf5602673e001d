import { createHash, randomBytes } from 'node:crypto';
import request from 'supertest';
import {
  contentDigest,
  makeUpload,
  makeUser,
  sha256Of,
  type TestUpload,
  type TestUser,
} from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import {
  chunkOf,
  chunkPath,
  complete,
  contentOf,
  getUpload,
  sendAll,
  sendChunk,
  sendChunkForm,
  type ShownFile,
} from '../support/uploads';

const WRONG = Buffer.from('other bytes');
const bytes = randomBytes(2500);

type Send = (id: string, index: number, body: Buffer) => request.Test;

describe('chunks', () => {
  let ferry: Ferry;
  let user: TestUser;
  let upload: TestUpload;

  beforeAll(async () => {
    ferry = await startFerry();
    user = await makeUser(ferry);
  });

  beforeEach(async () => {
    upload = await makeUpload(ferry, user, { size: bytes.length, chunkSize: 1000 });
  });

  afterAll(() => ferry.stop());

  const ways: [string, Send][] = [
    ['PUT', (id, index, body) => sendChunk(ferry, user, id, index, body)],
    ['POST as a form', (id, index, body) => sendChunkForm(ferry, user, id, index, body)],
  ];

  describe.each(ways)('by %s', (_way, send) => {
    it('come in any order, the last one short', async () => {
      const last = await send(upload.id, 2, bytes.subarray(2000)).expect(200);
      expect(last.body).toEqual({ index: 2, received: [[2, 2]], receivedBytes: 500 });
      await send(upload.id, 0, bytes.subarray(0, 1000)).expect(200);
      const middle = await send(upload.id, 1, bytes.subarray(1000, 2000)).expect(200);
      expect(middle.body).toEqual({ index: 1, received: [[0, 2]], receivedBytes: 2500 });
      await expectWhole(upload);
    });

    it('come all at once', async () => {
      const many = await makeUpload(ferry, user, { size: bytes.length, chunkSize: 100 });
      const order = Array.from({ length: 25 }, (_, index) => (index * 7) % 25);
      const answers = await Promise.all(
        order.map((index) => send(many.id, index, chunkOf(many, bytes, index))),
      );
      expect(answers.map(({ status }) => status)).toEqual(order.map(() => 200));
      await expectWhole(many);
    });

    it('are right again with the same bytes, and a conflict with others', async () => {
      const first = await send(upload.id, 0, bytes.subarray(0, 1000)).expect(200);
      const again = await send(upload.id, 0, bytes.subarray(0, 1000)).expect(200);
      expect(again.body).toEqual(first.body);
      const others = Buffer.from(bytes.subarray(0, 1000));
      others[999]! ^= 1;
      const refused = await send(upload.id, 0, others).expect(409);
      expect(refused.body).toMatchObject({ code: 'chunk_conflict' });
      await send(upload.id, 1, bytes.subarray(1000, 2000)).expect(200);
      await send(upload.id, 2, bytes.subarray(2000)).expect(200);
      await expectWhole(upload);
    });

    it.each([
      ['one byte too long', 1, 1001, 413, 'too_large'],
      ['one byte too short', 1, 999, 400, 'invalid_request'],
      ['empty', 1, 0, 400, 'invalid_request'],
      ['whole where the last one is short', 2, 1000, 413, 'too_large'],
    ])('that are %s change nothing', async (_what, index, length, status, code) => {
      const refused = await send(upload.id, index, Buffer.alloc(length, 'x')).expect(status);
      expect(refused.body).toMatchObject({ code });
      await getUpload(ferry, user, upload.id).expect(200, upload);
      await send(upload.id, index, chunkOf(upload, bytes, index)).expect(200);
    });

    it.each([
      ['sha-256', (body: Buffer) => contentDigest(body)],
      ['sha-512', (body: Buffer) => `sha-512=:${createHash('sha512').update(body).digest('base64')}:`],
      [
        'both, with one that nobody knows',
        (body: Buffer) =>
          `${contentDigest(body)}, crc128=:AAAA:, sha-512=:${createHash('sha512').update(body).digest('base64')}:`,
      ],
      ['only one that is not safe', () => 'md5=:AAAAAAAAAAAAAAAAAAAAAA==:'],
      ['nothing in it', () => ''],
    ])('with a Content-Digest of %s are taken', async (_what, digestOf) => {
      const body = bytes.subarray(0, 1000);
      await send(upload.id, 0, body).set('Content-Digest', digestOf(body)).expect(200);
    });

    it.each([
      ['sha-256', contentDigest(WRONG)],
      ['sha-512', `sha-512=:${createHash('sha512').update(WRONG).digest('base64')}:`],
      ['a right sha-256 and a wrong sha-512', `${contentDigest(bytes.subarray(0, 1000))}, sha-512=:AAAA:`],
      ['a sha-256 that is too short', 'sha-256=:AAAA:'],
    ])('with a wrong Content-Digest of %s stay missing', async (_what, digest) => {
      const refused = await send(upload.id, 0, bytes.subarray(0, 1000))
        .set('Content-Digest', digest)
        .expect(422);
      expect(refused.body).toMatchObject({ code: 'digest_mismatch' });
      await getUpload(ferry, user, upload.id).expect(200, upload);
      await send(upload.id, 0, bytes.subarray(0, 1000))
        .set('Content-Digest', contentDigest(bytes.subarray(0, 1000)))
        .expect(200);
    });

    it('that are there already are refused with a wrong Content-Digest, too', async () => {
      await send(upload.id, 0, bytes.subarray(0, 1000)).expect(200);
      const again = send(upload.id, 0, bytes.subarray(0, 1000));
      await again.set('Content-Digest', contentDigest(WRONG)).expect(422);
      expect((await getUpload(ferry, user, upload.id)).body).toMatchObject({ receivedBytes: 1000 });
    });

    it.each([['sha-256=:%%%:'], ['sha-256=abc'], ['sha-256="AAAA"'], ['=:AAAA:'], ['sha-256=:AAAA:, ,']])(
      'with the malformed Content-Digest %s are refused',
      async (digest) => {
        const refused = await send(upload.id, 0, bytes.subarray(0, 1000))
          .set('Content-Digest', digest)
          .expect(400);
        expect(refused.body).toMatchObject({ code: 'invalid_request' });
        await getUpload(ferry, user, upload.id).expect(200, upload);
      },
    );

    it('in a content coding are refused', async () => {
      const refused = await send(upload.id, 0, bytes.subarray(0, 1000))
        .set('Content-Encoding', 'gzip')
        .expect(415);
      expect(refused.body).toMatchObject({ code: 'unsupported_media_type' });
      await send(upload.id, 0, bytes.subarray(0, 1000)).set('Content-Encoding', 'identity').expect(200);
    });

    it.each([[3], [9_999_999]])('number %d is not there', async (index) => {
      const refused = await send(upload.id, index, bytes.subarray(0, 1000)).expect(404);
      expect(refused.body).toMatchObject({ code: 'not_found' });
    });
  });

  it.each(['-1', '1.5', '01', 'x', '1e3', '%20', '9'.repeat(17)])('number %s is no number', async (index) => {
    await sendChunk(ferry, user, upload.id, index, bytes.subarray(0, 1000)).expect(400);
  });

  it('that are not forms are not taken by POST', async () => {
    const post = () => request(ferry.url).post(chunkPath(upload.id, 0)).set(user.auth);
    await post().type('application/octet-stream').send(bytes.subarray(0, 1000)).expect(415);
    await post().expect(415);
    await post().set('Content-Type', 'multipart/form-data').send('x').expect(400);
  });

  it.each<[string, (form: request.Test) => request.Test]>([
    ['no file', (form) => form.field('name', 'x')],
    ['the bytes as a text field', (form) => form.field('chunk', 'x'.repeat(1000))],
    ['another field', (form) => form.attach('file', bytes.subarray(0, 1000), 'blob')],
    ['two files', (form) => form.attach('chunk', bytes.subarray(0, 1000), 'a').attach('more', WRONG, 'b')],
    [
      'the chunk twice',
      (form) => form.attach('chunk', bytes.subarray(0, 1000), 'a').attach('chunk', WRONG, 'b'),
    ],
  ])('in a form with %s are refused', async (_what, fill) => {
    const refused = await fill(request(ferry.url).post(chunkPath(upload.id, 0)).set(user.auth)).expect(400);
    expect(refused.body).toMatchObject({ code: 'invalid_request' });
  });

  it('in a form have their other fields before or after the file', async () => {
    const form = request(ferry.url).post(chunkPath(upload.id, 0)).set(user.auth);
    await form
      .field('index', '0')
      .attach('chunk', bytes.subarray(0, 1000), { filename: '照片.jpg', contentType: 'image/jpeg' })
      .field('md5', 'x')
      .expect(200);
  });

  async function expectWhole({ id }: { id: string }): Promise<void> {
    const done = await complete(ferry, user, id, { sha256: sha256Of(bytes) }).expect(201);
    expect(await contentOf(ferry, user, (done.body as { file: ShownFile }).file)).toEqual(bytes);
  }
});

describe('a large chunk', () => {
  it('is taken whole, raw and as a form', async () => {
    const ferry = await startFerry();
    try {
      const user = await makeUser(ferry);
      const large = randomBytes(7 * 2 ** 20 + 123);
      const upload = await makeUpload(ferry, user, { size: large.length, chunkSize: 4 * 2 ** 20 });
      await sendChunkForm(ferry, user, upload.id, 1, chunkOf(upload, large, 1)).expect(200);
      await sendAll(ferry, user, upload, large);
      const done = await complete(ferry, user, upload.id).expect(201);
      expect((done.body as { file: ShownFile }).file.sha256).toBe(sha256Of(large));
    } finally {
      await ferry.stop();
    }
  });
});
