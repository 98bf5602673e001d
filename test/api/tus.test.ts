import { randomBytes } from 'node:crypto';
import request from 'supertest';
import { API, makeUpload, makeUser, sha256Of, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { idOf, metadataOf, TusClient } from '../support/tus';
import { abort, contentOf, getUpload, listFiles, partsOf, type ShownFile } from '../support/uploads';

describe('tus 1.0', () => {
  let ferry: Ferry;
  let user: TestUser;
  let tus: TusClient;
  let ahead = 0;

  beforeAll(async () => {
    ferry = await startFerry({
      settings: { MAX_FILE_BYTES: '1MiB', UPLOAD_HOURS: '1', CORS_ORIGINS: 'https://app.example.com' },
      now: () => new Date(Date.now() + ahead),
    });
  });

  beforeEach(async () => {
    ahead = 0;
    user = await makeUser(ferry);
    tus = new TusClient(ferry, user);
  });

  afterAll(() => ferry.stop());

  async function fileOf(id: string | undefined): Promise<ShownFile> {
    const answer = await request(ferry.url).get(`${API}/files/${id!}`).set(user.auth).expect(200);
    return answer.body as ShownFile;
  }

  describe('OPTIONS', () => {
    it.each(['/tus', '/tus/', '/tus/abc'])('tells at %s what the server can, to anybody', async (path) => {
      const answer = await request(ferry.url).options(path).expect(204);
      expect(answer.headers).toMatchObject({
        'tus-resumable': '1.0.0',
        'tus-version': '1.0.0',
        'tus-extension':
          'creation,creation-with-upload,creation-defer-length,checksum,expiration,termination,concatenation',
        'tus-max-size': String(2 ** 20),
        'tus-checksum-algorithm': 'sha1,sha256',
      });
    });

    it('lets a browser on the list ask first, and read the answers', async () => {
      const origin = 'https://app.example.com';
      const asked = await request(ferry.url)
        .options('/tus/abc')
        .set({ Origin: origin, 'Access-Control-Request-Method': 'PATCH' })
        .expect(204);
      expect(asked.headers['access-control-allow-methods']).toContain('PATCH');
      const allowed = asked.headers['access-control-allow-headers']!.toLowerCase().split(',');
      expect(allowed).toEqual(
        expect.arrayContaining(['tus-resumable', 'upload-offset', 'upload-metadata', 'upload-concat']),
      );
      const made = await tus.create({ 'Upload-Length': '5', Origin: origin }).expect(201);
      const exposed = made.headers['access-control-expose-headers']!.split(',');
      expect(exposed).toEqual(
        expect.arrayContaining(['Location', 'Upload-Offset', 'Tus-Resumable', 'Ferry-File-Id']),
      );
    });
  });

  describe('every answer', () => {
    it.each<[string, () => Promise<request.Response>, number]>([
      ['another version', () => tus.create({ 'Tus-Resumable': '0.2.2', 'Upload-Length': '5' }), 412],
      ['no version', () => request(ferry.url).post('/tus/').set(user.auth).set('Upload-Length', '5'), 412],
      ['nobody', () => request(ferry.url).post('/tus/').set('Tus-Resumable', '1.0.0'), 401],
      ['an upload that is not there', () => tus.head('/tus/nothing'), 404],
      ['a wrong path', () => tus.head('/tus/a/b'), 404],
      ['a wrong method', () => tus.send('get', '/tus/abc'), 405],
      ['what is malformed', () => tus.create({ 'Upload-Length': 'five' }), 400],
      ['what works', () => tus.create({ 'Upload-Length': '5' }), 201],
    ])('has Tus-Resumable: %s', async (_what, ask, status) => {
      const answer = await ask();
      expect(answer.status).toBe(status);
      expect(answer.headers['tus-resumable']).toBe('1.0.0');
      if (status === 412) expect(answer.headers['tus-version']).toBe('1.0.0');
      if (status >= 400 && answer.text)
        expect(answer.headers['content-type']).toMatch('application/problem+json');
    });
  });

  it('makes a file with the last byte', async () => {
    const bytes = randomBytes(1000);
    const metadata = metadataOf({ filename: '渡船 图.png', filetype: 'image/png', relativePath: 'null' });
    const made = await tus.create({ 'Upload-Length': '1000', 'Upload-Metadata': metadata }).expect(201);
    const address = made.headers['location']!;
    expect(address).toMatch(/^\/tus\/[0-9a-z]+$/);
    expect(made.headers['upload-offset']).toBe('0');
    expect(Date.parse(made.headers['upload-expires']!)).toBeGreaterThan(Date.now());
    const first = await tus.patch(address, 0, bytes.subarray(0, 400)).expect(204);
    expect(first.headers['upload-offset']).toBe('400');
    expect(first.headers['ferry-file-id']).toBeUndefined();
    const between = await tus.head(address).expect(200);
    expect(between.headers).toMatchObject({
      'upload-offset': '400',
      'upload-length': '1000',
      'upload-metadata': metadata,
      'cache-control': 'no-store',
    });
    const shown = await getUpload(ferry, user, idOf(address)).expect(200);
    expect(shown.body).toMatchObject({ size: 1000, state: 'open', name: '渡船 图.png' });
    const last = await tus.patch(address, 400, bytes.subarray(400)).expect(204);
    expect(last.headers['upload-offset']).toBe('1000');
    expect(last.headers['upload-expires']).toBeUndefined();
    const file = await fileOf(last.headers['ferry-file-id']);
    expect(file).toMatchObject({ name: '渡船 图.png', type: 'image/png', size: 1000, visibility: 'private' });
    expect(await contentOf(ferry, user, file)).toEqual(bytes);
    const after = await tus.head(address).expect(200);
    expect(after.headers).toMatchObject({ 'upload-offset': '1000', 'ferry-file-id': file.id });
    // The last PATCH again: its answer was lost.
    const again = await tus.patch(address, 1000, Buffer.alloc(0)).expect(204);
    expect(again.headers).toMatchObject({ 'upload-offset': '1000', 'ferry-file-id': file.id });
    await tus.patch(address, 1000, Buffer.from('more')).expect(413);
    await tus.patch(address, 400, Buffer.from('more')).expect(409);
    expect((await getUpload(ferry, user, idOf(address))).body).toMatchObject({ state: 'complete' });
  });

  it('takes bytes with the creation', async () => {
    const bytes = randomBytes(300);
    const type = { 'Content-Type': 'application/offset+octet-stream' };
    const part = await tus
      .create({ 'Upload-Length': '500', ...type })
      .send(bytes)
      .expect(201);
    expect(part.headers['upload-offset']).toBe('300');
    const whole = await tus
      .create({ 'Upload-Length': '300', ...type })
      .send(bytes)
      .expect(201);
    expect(whole.headers['upload-offset']).toBe('300');
    expect((await fileOf(whole.headers['ferry-file-id'])).sha256).toBe(sha256Of(bytes));
    await tus.create({ 'Upload-Length': '300', 'Content-Type': 'text/plain' }).send('abc').expect(415);
    const parts = await partsOf(ferry);
    await tus
      .create({ 'Upload-Length': '299', ...type })
      .send(bytes)
      .expect(413);
    expect(await partsOf(ferry)).toEqual(parts);
  });

  it('makes a file of nothing', async () => {
    const made = await tus.create({ 'Upload-Length': '0' }).expect(201);
    expect(await fileOf(made.headers['ferry-file-id'])).toMatchObject({ size: 0, name: 'file' });
    const head = await tus.head(made.headers['location']!).expect(200);
    expect(head.headers).toMatchObject({ 'upload-offset': '0', 'upload-length': '0' });
  });

  it('sends content again that the user has already, because no client of tus would expect otherwise', async () => {
    const bytes = randomBytes(100);
    for (const sha256 of [sha256Of(bytes), sha256Of(bytes)]) {
      const address = await tus.open({ 'Upload-Length': '100', 'Upload-Metadata': metadataOf({ sha256 }) });
      expect((await tus.head(address)).headers['upload-offset']).toBe('0');
      await tus.patch(address, 0, bytes).expect(204);
    }
    expect(await listFiles(ferry, user)).toHaveLength(2);
  });

  it('ends an upload whose bytes are others than its SHA-256 says', async () => {
    const sha256 = sha256Of(Buffer.from('other'));
    const address = await tus.open({
      'Upload-Length': '5',
      'Upload-Metadata': metadataOf({ sha256, visibility: 'public' }),
    });
    const answer = await tus.patch(address, 0, Buffer.from('bytes')).expect(460);
    expect(answer.body).toMatchObject({ status: 460, code: 'digest_mismatch' });
    await tus.head(address).expect(410);
    expect(await partsOf(ferry)).not.toContain(idOf(address));
  });

  describe('refusals', () => {
    it.each<[string, Record<string, string>, number]>([
      ['neither length', {}, 400],
      ['both lengths', { 'Upload-Length': '5', 'Upload-Defer-Length': '1' }, 400],
      ['a wrong way of deferring', { 'Upload-Defer-Length': '0' }, 400],
      ['a negative length', { 'Upload-Length': '-1' }, 400],
      ['a fraction', { 'Upload-Length': '1.5' }, 400],
      ['a huge length', { 'Upload-Length': '9'.repeat(30) }, 400],
      ['more than a file may have', { 'Upload-Length': String(2 ** 20 + 1) }, 413],
      ['metadata without Base64', { 'Upload-Length': '5', 'Upload-Metadata': 'filename !' }, 400],
      ['metadata with a key twice', { 'Upload-Length': '5', 'Upload-Metadata': 'a YQ==,a YQ==' }, 400],
      ['a name that is no UTF-8', { 'Upload-Length': '5', 'Upload-Metadata': 'filename /w==' }, 400],
      ['a wrong SHA-256', { 'Upload-Length': '5', 'Upload-Metadata': metadataOf({ sha256: 'x' }) }, 400],
      ['a visibility', { 'Upload-Length': '5', 'Upload-Metadata': metadataOf({ visibility: 'all' }) }, 400],
      ['a wrong concatenation', { 'Upload-Length': '5', 'Upload-Concat': 'whole' }, 400],
    ])('creation with %s', async (_what, headers, status) => {
      await tus.create(headers).expect(status);
    });

    it.each<[string, Record<string, string>, number]>([
      ['another type', { 'Content-Type': 'application/octet-stream' }, 415],
      ['another offset', { 'Upload-Offset': '1' }, 409],
      ['no number as offset', { 'Upload-Offset': 'one' }, 400],
      ['a negative offset', { 'Upload-Offset': '-1' }, 400],
      ['a content coding', { 'Content-Encoding': 'gzip' }, 415],
    ])('PATCH with %s', async (_what, headers, status) => {
      const address = await tus.open({ 'Upload-Length': '10' });
      const answer = await tus.patch(address, 0, Buffer.from('bytes'), headers).expect(status);
      if (status === 409) {
        expect(answer.headers['upload-offset']).toBe('0');
        expect(answer.body).toMatchObject({ code: 'conflict', offset: 0 });
      }
      expect((await tus.head(address)).headers['upload-offset']).toBe('0');
    });

    it('PATCH with more than the upload has', async () => {
      const address = await tus.open({ 'Upload-Length': '4' });
      await tus.patch(address, 0, Buffer.from('bytes')).expect(413);
      expect((await tus.head(address)).headers['upload-offset']).toBe('0');
    });

    it('what other users ask for, and what came in by other doors', async () => {
      const other = new TusClient(ferry, await makeUser(ferry));
      const native = await makeUpload(ferry, user, { size: 5 });
      const addresses: [TusClient, string][] = [
        [other, await tus.open({ 'Upload-Length': '5' })],
        [tus, `/tus/${native.id}`],
      ];
      for (const [client, address] of addresses) {
        await client.head(address).expect(404);
        await client.patch(address, 0, Buffer.from('bytes')).expect(404);
        await client.send('delete', address).expect(404);
      }
    });
  });

  describe('an end', () => {
    it('by termination is 410 from then on', async () => {
      const address = await tus.open({ 'Upload-Length': '5' });
      await tus.patch(address, 0, Buffer.from('byte')).expect(204);
      await tus.send('delete', address).expect(204);
      await tus.head(address).expect(410);
      await tus.patch(address, 4, Buffer.from('s')).expect(410);
      await tus.send('delete', address).expect(410);
      expect(await partsOf(ferry)).not.toContain(idOf(address));
    });

    it('by the native call is the same', async () => {
      const address = await tus.open({ 'Upload-Length': '5' });
      await abort(ferry, user, idOf(address)).expect(204);
      await tus.head(address).expect(410);
    });

    it('is none for one that is complete', async () => {
      const address = await tus.open({ 'Upload-Length': '1' });
      await tus.patch(address, 0, Buffer.from('a')).expect(204);
      await tus.send('delete', address).expect(403);
      await tus.head(address).expect(200);
    });

    it('comes with the deletion of the file: the same has to be sent again', async () => {
      const address = await tus.open({ 'Upload-Length': '1' });
      const last = await tus.patch(address, 0, Buffer.from('a')).expect(204);
      await request(ferry.url).delete(`${API}/files/${last.headers['ferry-file-id']!}`).set(user.auth);
      await tus.head(address).expect(410);
    });

    it('comes when no bytes come for too long', async () => {
      const made = await tus.create({ 'Upload-Length': '5' }).expect(201);
      const expires = Date.parse(made.headers['upload-expires']!);
      ahead = expires - Date.now() + 2000;
      const { accessToken } = await ferry.services.tokens.signIn(user.id, null);
      const later = new TusClient(ferry, { ...user, auth: { Authorization: `Bearer ${accessToken}` } });
      await later.head(made.headers['location']!).expect(410);
    });
  });

  it.each(['PATCH', 'patch'])('takes %s for the method of a POST', async (method) => {
    const address = await tus.open({ 'Upload-Length': '5' });
    const type = 'application/offset+octet-stream';
    const answer = await tus
      .send('post', address, { 'X-HTTP-Method-Override': method, 'Content-Type': type, 'Upload-Offset': '0' })
      .send(Buffer.from('bytes'))
      .expect(204);
    expect(answer.headers['ferry-file-id']).toBeDefined();
    const head = await tus.send('post', address, { 'X-HTTP-Method-Override': 'HEAD' }).expect(200);
    expect(head.headers['upload-offset']).toBe('5');
    const gone = await tus.send('post', '/tus/gone', { 'X-HTTP-Method-Override': 'DELETE' }).expect(404);
    expect(gone.body).toMatchObject({ code: 'not_found' });
    await tus.send('post', address, { 'X-HTTP-Method-Override': 'PUT' }).expect(405);
  });
});
