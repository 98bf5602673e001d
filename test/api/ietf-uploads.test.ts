import { randomBytes } from 'node:crypto';
import request, { type Test } from 'supertest';
import { API, contentDigest, makeUpload, makeUser, sha256Of, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { contentOf, getUpload, listFiles, partsOf, type ShownFile } from '../support/uploads';

const PROBLEM = 'https://iana.org/assignments/http-problem-types#';

describe('Resumable Uploads for HTTP', () => {
  let ferry: Ferry;
  let user: TestUser;

  beforeAll(async () => {
    ferry = await startFerry({ settings: { MAX_FILE_BYTES: '1MiB', UPLOAD_HOURS: '1' } });
  });

  beforeEach(async () => {
    user = await makeUser(ferry);
  });

  afterAll(() => ferry.stop());

  function send(method: 'post' | 'head' | 'patch' | 'delete', path: string, headers = {}, by = user): Test {
    return request(ferry.url)[method](path).set(by.auth).set(headers);
  }

  const create = (headers: Record<string, string>, bytes: Buffer, query = '') =>
    send('post', `/upload-draft/${query}`, { 'Content-Type': 'application/octet-stream', ...headers }).send(
      bytes,
    );

  const append = (address: string, offset: number, bytes: Buffer, headers: Record<string, string> = {}) =>
    send('patch', address, {
      'Content-Type': 'application/partial-upload',
      'Upload-Offset': String(offset),
      ...headers,
    }).send(bytes);

  async function open(headers: Record<string, string> = {}, bytes = Buffer.alloc(0)): Promise<string> {
    const answer = await create({ 'Upload-Complete': '?0', ...headers }, bytes).expect(201);
    return answer.headers['location']!;
  }

  const fileIn = (answer: { body: unknown }) => (answer.body as { file: ShownFile }).file;

  it.each(['/upload-draft', '/upload-draft/'])('tells at %s what it can, to anybody', async (path) => {
    const answer = await request(ferry.url).options('/upload-draft/').expect(204);
    expect(answer.headers).toMatchObject({
      'accept-patch': 'application/partial-upload',
      'upload-limit': `max-size=${2 ** 20}`,
    });
    expect((await request(ferry.url).post(path)).status).toBe(401);
  });

  describe('in one request', () => {
    it('takes a file from a client that has never heard of the draft', async () => {
      const bytes = randomBytes(500);
      const answer = await create({ 'Content-Type': 'image/png' }, bytes, '?name=%E5%9B%BE.png').expect(201);
      const file = fileIn(answer);
      expect(file).toMatchObject({ name: '图.png', type: 'image/png', size: 500, sha256: sha256Of(bytes) });
      expect(answer.headers['ferry-file-id']).toBe(file.id);
      expect(answer.headers['upload-complete']).toBeUndefined();
      expect(await contentOf(ferry, user, file)).toEqual(bytes);
    });

    it.each([
      ['inline; filename="a b.txt"', 'a b.txt'],
      ['inline; filename="x.txt"; filename*=UTF-8\'\'%E6%B8%A1%E8%88%B9.txt', '渡船.txt'],
      ['attachment', 'file'],
      ['"', 'file'],
    ])('names it by Content-Disposition: %s', async (disposition, name) => {
      const answer = await create({ 'Content-Disposition': disposition }, Buffer.from('x')).expect(201);
      expect(fileIn(answer).name).toBe(name);
    });

    it.each(['5', '6', '7', '8', '9'])('takes it by version %s', async (version) => {
      const headers = {
        'Upload-Draft-Interop-Version': version,
        'Upload-Complete': '?1',
        'Want-Repr-Digest': 'sha-256=1',
      };
      const bytes = randomBytes(10);
      const answer = await create(headers, bytes, '?visibility=public').expect(201);
      expect(answer.headers).toMatchObject({
        'upload-draft-interop-version': version,
        'upload-complete': '?1',
        'upload-offset': '10',
        'repr-digest': contentDigest(bytes),
        'ferry-file-id': fileIn(answer).id,
      });
      expect(fileIn(answer).visibility).toBe('public');
      const head = await send('head', answer.headers['location']!).expect(204);
      expect(head.headers).toMatchObject({
        'upload-complete': '?1',
        'upload-offset': '10',
        'upload-length': '10',
        'ferry-file-id': fileIn(answer).id,
      });
    });

    it('makes a file of nothing', async () => {
      const answer = await create({ 'Upload-Complete': '?1' }, Buffer.alloc(0)).expect(201);
      expect(fileIn(answer).size).toBe(0);
    });

    it('checks digests of the body and of the whole, and keeps nothing when they are wrong', async () => {
      const bytes = Buffer.from('bytes');
      const wrong = contentDigest(Buffer.from('other'));
      const parts = await partsOf(ferry);
      for (const name of ['Content-Digest', 'Repr-Digest']) {
        const refused = await create({ [name]: wrong, 'Upload-Complete': '?1' }, bytes).expect(422);
        expect(refused.body).toMatchObject({ code: 'digest_mismatch' });
        await create({ [name]: 'sha-256=x' }, bytes).expect(400);
        await create({ [name]: contentDigest(bytes) }, bytes).expect(201);
      }
      expect(await partsOf(ferry)).toEqual(parts);
      expect(await listFiles(ferry, user)).toHaveLength(2);
    });

    it('refuses more than a file may have', async () => {
      const answer = await create({ 'Upload-Complete': '?1' }, Buffer.alloc(2 ** 20 + 1)).expect(413);
      expect(answer.headers['upload-limit']).toBe(`max-size=${2 ** 20}`);
    });

    it('refuses what it does not know in the address, and a content coding', async () => {
      await create({}, Buffer.from('x'), '?title=x').expect(400);
      await create({ 'Content-Encoding': 'gzip' }, Buffer.from('x')).expect(415);
    });
  });

  describe('in several requests', () => {
    it.each([
      ['of a length that is known', { 'Upload-Length': '1000' }],
      ['of a length that the end tells', {}],
    ])('takes an upload %s', async (_what, length: Record<string, string>) => {
      const bytes = randomBytes(1000);
      const address = await open(
        { ...length, 'Content-Disposition': 'inline; filename="a.bin"' },
        bytes.subarray(0, 100),
      );
      expect(address).toMatch(/^\/upload-draft\/[0-9a-z]+$/);
      const second = await append(address, 100, bytes.subarray(100, 600), { 'Upload-Complete': '?0' });
      expect(second.status).toBe(204);
      expect(second.headers).toMatchObject({ 'upload-offset': '600', 'upload-complete': '?0' });
      const head = await send('head', address).expect(204);
      expect(head.headers).toMatchObject({
        'upload-offset': '600',
        'upload-complete': '?0',
        'cache-control': 'no-store',
      });
      expect(head.headers['upload-limit']).toMatch(/^max-size=1048576, max-age=3(600|59\d)$/);
      expect(head.headers['upload-length']).toBe(length['Upload-Length']);
      const old = await send('head', address, { 'Upload-Draft-Interop-Version': '6' });
      expect(old.headers['upload-limit']).toMatch(/, expires=3(600|59\d)$/);
      const last = await append(address, 600, bytes.subarray(600), { 'Upload-Complete': '?1' }).expect(201);
      expect(last.headers).toMatchObject({ 'upload-complete': '?1', 'upload-offset': '1000' });
      expect(fileIn(last)).toMatchObject({ name: 'a.bin', sha256: sha256Of(bytes) });
      const id = address.split('/').at(-1)!;
      expect((await getUpload(ferry, user, id).expect(200)).body).toMatchObject({ state: 'complete' });
    });

    it('is complete only when that is said, even without another byte', async () => {
      const address = await open({ 'Upload-Length': '3' }, Buffer.from('abc'));
      const head = await send('head', address).expect(204);
      expect(head.headers).toMatchObject({ 'upload-offset': '3', 'upload-complete': '?0' });
      await append(address, 3, Buffer.alloc(0), { 'Upload-Complete': '?1' }).expect(201);
      const again = await append(address, 3, Buffer.alloc(0), { 'Upload-Complete': '?1' }).expect(400);
      expect(again.headers['upload-complete']).toBe('?1');
      expect(again.body).toMatchObject({ type: `${PROBLEM}completed-upload`, code: 'invalid_request' });
    });

    it.each(['5', '6'])(
      'is complete by its length in version %s, which some clients count on',
      async (version) => {
        const headers = { 'Upload-Draft-Interop-Version': version };
        const address = await open({ 'Upload-Length': '3', ...headers }, Buffer.from('ab'));
        const last = await append(address, 2, Buffer.from('c'), {
          ...headers,
          'Upload-Complete': '?0',
        }).expect(201);
        expect(last.headers['upload-complete']).toBe('?1');
        const end = await append(address, 3, Buffer.alloc(0), { ...headers, 'Upload-Complete': '?1' }).expect(
          201,
        );
        expect(fileIn(end)).toEqual(fileIn(last));
        await append(address, 3, Buffer.from('d'), { ...headers, 'Upload-Complete': '?1' }).expect(400);
      },
    );

    it('keeps nothing of a body whose digest is wrong', async () => {
      const address = await open();
      const digest = { 'Content-Digest': contentDigest(Buffer.from('other')), 'Upload-Complete': '?0' };
      await append(address, 0, Buffer.from('bytes'), digest).expect(422);
      expect((await send('head', address)).headers['upload-offset']).toBe('0');
    });

    it('needs no media type in version 5', async () => {
      const address = await open();
      const type = { 'Content-Type': 'application/octet-stream' };
      await append(address, 0, Buffer.from('a'), type).expect(415);
      await append(address, 0, Buffer.from('a'), { ...type, 'Upload-Draft-Interop-Version': '6' }).expect(
        415,
      );
      await append(address, 0, Buffer.from('a'), { ...type, 'Upload-Draft-Interop-Version': '5' }).expect(
        204,
      );
    });

    it('says which offset is right', async () => {
      const address = await open({}, Buffer.from('abc'));
      const answer = await append(address, 2, Buffer.from('c'), { 'Upload-Complete': '?0' }).expect(409);
      expect(answer.headers).toMatchObject({ 'upload-offset': '3', 'upload-complete': '?0' });
      expect(answer.body).toMatchObject({
        type: `${PROBLEM}mismatching-upload-offset`,
        'expected-offset': 3,
        'provided-offset': 2,
        code: 'conflict',
      });
    });

    it.each([
      ['nothing', {}],
      ['no number', { 'Upload-Offset': 'x' }],
      ['a fraction', { 'Upload-Offset': '1.0' }],
    ])('refuses %s as offset', async (_what, headers) => {
      const address = await open();
      const type = { 'Content-Type': 'application/partial-upload' };
      await send('patch', address, { ...type, ...headers })
        .send(Buffer.from('a'))
        .expect(400);
    });

    it.each<[string, (address: string) => Test]>([
      [
        'the whole and its last body',
        (address) => append(address, 3, Buffer.from('d'), { 'Upload-Complete': '?1' }),
      ],
      [
        'one request and another',
        (address) => append(address, 3, Buffer.from('d'), { 'Upload-Length': '6' }),
      ],
    ])('refuses lengths that cannot all be true: %s', async (_what, ask) => {
      const address = await open({ 'Upload-Length': '5' }, Buffer.from('abc'));
      const answer = await ask(address).expect(400);
      expect(answer.body).toMatchObject({ type: `${PROBLEM}inconsistent-upload-length` });
      expect((await send('head', address)).headers['upload-offset']).toBe('3');
    });

    it('refuses a beginning whose length is another one', async () => {
      const answer = await create({ 'Upload-Complete': '?1', 'Upload-Length': '6' }, Buffer.from('abc'));
      expect(answer.status).toBe(400);
      expect(answer.body).toMatchObject({ type: `${PROBLEM}inconsistent-upload-length` });
    });

    it('ends an upload to which more is sent than it has', async () => {
      const address = await open({ 'Upload-Length': '4' });
      const answer = await append(address, 0, Buffer.from('bytes'), { 'Upload-Complete': '?0' }).expect(413);
      expect(answer.headers['upload-limit']).toMatch(/^max-size=1048576, max-age=\d+$/);
      await send('head', address).expect(410);
    });

    it('is cancelled', async () => {
      const address = await open({}, Buffer.from('abc'));
      await send('delete', address).expect(204);
      await send('head', address).expect(410);
      await append(address, 3, Buffer.from('d')).expect(410);
      const done = await create({ 'Upload-Complete': '?1' }, Buffer.from('abc')).expect(201);
      const refused = await send('delete', done.headers['location']!).expect(400);
      expect(refused.body).toMatchObject({ type: `${PROBLEM}completed-upload` });
    });

    it('is there for nobody else, and nothing of other doors is there', async () => {
      const other = await makeUser(ferry);
      const native = await makeUpload(ferry, user, { size: 5 });
      for (const [path, by] of [
        [await open(), other],
        [`/upload-draft/${native.id}`, user],
      ] as const) {
        await send('head', path, {}, by).expect(404);
        const type = { 'Content-Type': 'application/partial-upload', 'Upload-Offset': '0' };
        await send('patch', path, type, by).send(Buffer.from('a')).expect(404);
        await send('delete', path, {}, by).expect(404);
      }
    });

    it('is gone with its file', async () => {
      const done = await create({ 'Upload-Complete': '?1' }, Buffer.from('abc')).expect(201);
      await request(ferry.url)
        .delete(`${API}/files/${fileIn(done).id}`)
        .set(user.auth)
        .expect(204);
      await send('head', done.headers['location']!).expect(410);
    });

    it('takes PATCH and HEAD as POST, too', async () => {
      const address = await open();
      const override = (method: string) => ({ 'X-HTTP-Method-Override': method });
      const type = { 'Content-Type': 'application/partial-upload', 'Upload-Offset': '0' };
      await send('post', address, { ...override('PATCH'), ...type })
        .send(Buffer.from('abc'))
        .expect(204);
      const head = await send('post', address, override('HEAD')).expect(204);
      expect(head.headers['upload-offset']).toBe('3');
    });
  });
});
