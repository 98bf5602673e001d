import { randomBytes } from 'node:crypto';
import request from 'supertest';
import { API, makeUser, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { checksumOf, idOf, TusClient } from '../support/tus';
import { contentOf, getUpload, type ShownFile } from '../support/uploads';

describe('extensions of tus 1.0', () => {
  let ferry: Ferry;
  let user: TestUser;
  let tus: TusClient;

  beforeAll(async () => {
    ferry = await startFerry({ settings: { MAX_FILE_BYTES: '1MiB' } });
  });

  beforeEach(async () => {
    user = await makeUser(ferry);
    tus = new TusClient(ferry, user);
  });

  afterAll(() => ferry.stop());

  async function fileOf(id: string | undefined): Promise<ShownFile> {
    const answer = await request(ferry.url).get(`${API}/files/${id!}`).set(user.auth).expect(200);
    return answer.body as ShownFile;
  }

  describe('a deferred length', () => {
    it('is said with the last bytes', async () => {
      const bytes = randomBytes(700);
      const address = await tus.open({ 'Upload-Defer-Length': '1' });
      await tus.patch(address, 0, bytes.subarray(0, 300)).expect(204);
      const head = await tus.head(address).expect(200);
      expect(head.headers).toMatchObject({ 'upload-offset': '300', 'upload-defer-length': '1' });
      expect(head.headers['upload-length']).toBeUndefined();
      const shown = await getUpload(ferry, user, idOf(address)).expect(200);
      expect(shown.body).toMatchObject({ size: 300, sizeDeferred: true });
      await tus.patch(address, 1, bytes, { 'Upload-Length': '700' }).expect(409);
      expect((await tus.head(address)).headers['upload-defer-length']).toBe('1');
      const last = await tus.patch(address, 300, bytes.subarray(300), { 'Upload-Length': '700' }).expect(204);
      expect(await contentOf(ferry, user, await fileOf(last.headers['ferry-file-id']))).toEqual(bytes);
    });

    it('may be said when all bytes are there', async () => {
      const address = await tus.open({ 'Upload-Defer-Length': '1' });
      await tus.patch(address, 0, Buffer.from('all')).expect(204);
      const last = await tus.patch(address, 3, Buffer.alloc(0), { 'Upload-Length': '3' }).expect(204);
      expect(last.headers['ferry-file-id']).toBeDefined();
    });

    it.each([
      ['less than has come', '2', 400],
      ['too much', String(2 ** 20 + 1), 413],
      ['malformed', '-1', 400],
    ])('that is %s is refused', async (_what, length, status) => {
      const address = await tus.open({ 'Upload-Defer-Length': '1' });
      await tus.patch(address, 0, Buffer.from('all')).expect(204);
      await tus.patch(address, 3, Buffer.alloc(0), { 'Upload-Length': length }).expect(status);
      const head = await tus.head(address).expect(200);
      expect(head.headers).toMatchObject({ 'upload-offset': '3', 'upload-defer-length': '1' });
    });

    it('does not let more come than a file may have', async () => {
      const address = await tus.open({ 'Upload-Defer-Length': '1' });
      await tus.patch(address, 0, Buffer.alloc(2 ** 20 + 1)).expect(413);
      await tus.patch(address, 0, Buffer.alloc(2 ** 20)).expect(204);
      await tus.patch(address, 2 ** 20, Buffer.alloc(1)).expect(413);
    });

    it('cannot be said twice', async () => {
      const address = await tus.open({ 'Upload-Length': '10' });
      await tus.patch(address, 0, Buffer.from('a'), { 'Upload-Length': '11' }).expect(400);
      await tus.patch(address, 0, Buffer.from('a'), { 'Upload-Length': '10' }).expect(204);
    });
  });

  describe('a checksum', () => {
    it.each(['sha1', 'sha256'] as const)('by %s that is wrong keeps nothing', async (algorithm) => {
      const address = await tus.open({ 'Upload-Length': '10' });
      const wrong = { 'Upload-Checksum': checksumOf(Buffer.from('other'), algorithm) };
      const refused = await tus.patch(address, 0, Buffer.from('bytes'), wrong).expect(460);
      expect(refused.body).toMatchObject({ code: 'digest_mismatch' });
      expect((await tus.head(address)).headers['upload-offset']).toBe('0');
      const right = { 'Upload-Checksum': checksumOf(Buffer.from('bytes'), algorithm) };
      await tus.patch(address, 0, Buffer.from('bytes'), right).expect(204);
      expect((await tus.head(address)).headers['upload-offset']).toBe('5');
    });

    it.each(['md5 1B2M2Y8AsgTpgAmY7PhCfg==', 'sha1', 'sha1 !', 'sha1 AAAA'])(
      '%j is refused',
      async (value) => {
        const address = await tus.open({ 'Upload-Length': '10' });
        await tus.patch(address, 0, Buffer.from('bytes'), { 'Upload-Checksum': value }).expect(400);
      },
    );
  });
});
