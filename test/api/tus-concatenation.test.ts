import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import request from 'supertest';
import { API, makeUser, sha256Of, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { idOf, metadataOf, TusClient } from '../support/tus';
import {
  abort,
  blobPath,
  bytesOf,
  complete,
  contentOf,
  getUpload,
  listFiles,
  partsOf,
  sendChunk,
  type ShownFile,
} from '../support/uploads';

describe('concatenation by tus', () => {
  let ferry: Ferry;
  let user: TestUser;
  let tus: TusClient;
  let ahead = 0;

  beforeAll(async () => {
    ferry = await startFerry({
      settings: { USER_QUOTA_BYTES: '10000', UPLOAD_HOURS: '1' },
      now: () => new Date(Date.now() + ahead),
    });
  });

  beforeEach(async () => {
    ahead = 0;
    user = await makeUser(ferry);
    tus = new TusClient(ferry, user);
  });

  afterAll(() => ferry.stop());

  function concat(addresses: string[], headers: Record<string, string> = {}) {
    return tus.create({ 'Upload-Concat': `final;${addresses.join(' ')}`, ...headers });
  }

  async function fileOf(id: string): Promise<ShownFile> {
    return (await request(ferry.url).get(`${API}/files/${id}`).set(user.auth).expect(200)).body as ShownFile;
  }

  it('makes one file of pieces, in their order, without copying them', async () => {
    const pieces = [randomBytes(3000), randomBytes(1), Buffer.alloc(0), randomBytes(2000)];
    const addresses = [];
    for (const bytes of [...pieces].reverse()) addresses.unshift(await tus.piece(bytes));
    expect(await listFiles(ferry, user)).toEqual([]);
    const metadata = metadataOf({ filename: '整个.bin', sha256: sha256Of(Buffer.concat(pieces)) });
    const made = await concat(addresses, { 'Upload-Metadata': metadata }).expect(201);
    expect(made.headers['upload-offset']).toBe('5001');
    const file = await fileOf(made.headers['ferry-file-id']!);
    expect(file).toMatchObject({ name: '整个.bin', size: 5001 });
    const whole = Buffer.concat(pieces);
    expect(await contentOf(ferry, user, file)).toEqual(whole);
    for (const [first, last] of [
      [0, 0],
      [2999, 3001],
      [3000, 3000],
      [4000, 5000],
    ] as const) {
      const part = await request(ferry.url)
        .get(file.contentUrl)
        .set({ ...user.auth, Range: `bytes=${first}-${last}` })
        .buffer(true)
        .parse(bytesOf)
        .expect(206);
      expect(part.body).toEqual(whole.subarray(first, last + 1));
    }
    const reader = await ferry.stores.blobs.openBlob(file.sha256);
    await reader.close();
    // It is no single file on a disk.
    expect(reader.path).toBeUndefined();
    expect(await partsOf(ferry)).toEqual([]);
    const manifest = await request(ferry.url)
      .get(`${API}/files/${file.id}/manifest`)
      .set(user.auth)
      .expect(200);
    expect((manifest.body as { pieces: string[] }).pieces).toEqual([sha256Of(whole)]);

    const head = await tus.head(made.headers['location']!).expect(200);
    expect(head.headers).toMatchObject({
      'upload-offset': '5001',
      'upload-length': '5001',
      'upload-concat': `final;${addresses.join(' ')}`,
      'upload-metadata': metadata,
      'ferry-file-id': file.id,
    });
    const partial = await tus.head(addresses[0]!).expect(200);
    expect(partial.headers).toMatchObject({ 'upload-offset': '3000', 'upload-concat': 'partial' });
    for (const address of [made.headers['location']!, addresses[0]!]) {
      await tus.patch(address, 0, Buffer.from('x')).expect(403);
      await tus.send('delete', address).expect(403);
    }
  });

  it('gives the same file for the same pieces again, as whole addresses too', async () => {
    const addresses = [await tus.piece(Buffer.from('ab')), await tus.piece(Buffer.from('c'))];
    const first = await concat(addresses).expect(201);
    const again = await concat(addresses.map((address) => `https://old.example.com${address}`)).expect(201);
    expect(again.headers['location']).toBe(first.headers['location']);
    expect(again.headers['ferry-file-id']).toBe(first.headers['ferry-file-id']);
    await concat([...addresses].reverse()).expect(400);
    await concat(addresses.slice(1)).expect(400);
    expect(await listFiles(ferry, user)).toHaveLength(1);
  });

  it('gives one file to many who ask at once', async () => {
    const addresses = [await tus.piece(Buffer.from('ab')), await tus.piece(Buffer.from('c'))];
    const answers = await Promise.all(Array.from({ length: 5 }, () => concat(addresses)));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201]);
    expect(new Set(answers.map(({ headers }) => headers['ferry-file-id'])).size).toBe(1);
  });

  it('takes a piece of deferred length once it is known', async () => {
    const address = await tus.open({ 'Upload-Defer-Length': '1', 'Upload-Concat': 'partial' });
    await tus.patch(address, 0, Buffer.from('ab')).expect(204);
    await concat([address]).expect(400);
    await tus.patch(address, 2, Buffer.from('c'), { 'Upload-Length': '3' }).expect(204);
    const made = await concat([address]).expect(201);
    expect((await fileOf(made.headers['ferry-file-id']!)).sha256).toBe(sha256Of(Buffer.from('abc')));
  });

  it('stores content that is there already once, whatever it was made of', async () => {
    const bytes = randomBytes(500);
    const whole = await tus.open({ 'Upload-Length': '500' });
    const pieces = () => Promise.all([tus.piece(bytes.subarray(0, 200)), tus.piece(bytes.subarray(200))]);
    const joined = await concat(await pieces()).expect(201);
    const sent = await tus.patch(whole, 0, bytes).expect(204);
    const again = await concat(await pieces()).expect(201);
    for (const { headers } of [joined, sent, again]) {
      expect(await contentOf(ferry, user, await fileOf(headers['ferry-file-id']!))).toEqual(bytes);
    }
    expect(await ferry.stores.sql.blobs.find(sha256Of(bytes))).toMatchObject({ references: 3 });
    expect(await partsOf(ferry)).toEqual([]);
  });

  it('goes with the last file', async () => {
    const bytes = randomBytes(500);
    const made = await concat([await tus.piece(bytes)]).expect(201);
    await request(ferry.url)
      .delete(`${API}/files/${made.headers['ferry-file-id']!}`)
      .set(user.auth)
      .expect(204);
    ahead = 2 * 60 * 60 * 1000;
    await ferry.services.maintenance.run();
    await expect(stat(blobPath(ferry, sha256Of(bytes)))).rejects.toThrow('ENOENT');
  });

  it('counts pieces and their whole once', async () => {
    const addresses = [await tus.piece(randomBytes(4000)), await tus.piece(randomBytes(5000))];
    await tus.create({ 'Upload-Length': '1001' }).expect(413);
    await concat(addresses).expect(201);
    await tus.create({ 'Upload-Length': '1001' }).expect(413);
    await tus.create({ 'Upload-Length': '1000' }).expect(201);
  });

  it('counts bytes of a deferred length as they come', async () => {
    const address = await tus.open({ 'Upload-Defer-Length': '1' });
    await tus.patch(address, 0, randomBytes(6000)).expect(204);
    await tus.create({ 'Upload-Length': '4001' }).expect(413);
    const refused = await tus.patch(address, 6000, randomBytes(4001)).expect(413);
    expect(refused.body).toMatchObject({ code: 'quota_exceeded' });
    await tus.patch(address, 6000, Buffer.alloc(0), { 'Upload-Length': '10001' }).expect(413);
    expect((await tus.head(address)).headers['upload-offset']).toBe('6000');
    await tus.patch(address, 6000, randomBytes(4000), { 'Upload-Length': '10000' }).expect(204);
    expect(await listFiles(ferry, user)).toHaveLength(1);
  });

  it.each<[string, (mine: string) => Promise<string[]>, number]>([
    ['no addresses', () => Promise.resolve([]), 400],
    ['other addresses', (mine) => Promise.resolve([mine, 'https://example.com/x']), 400],
    ['the same piece twice', (mine) => Promise.resolve([mine, mine]), 400],
    ['what is not there', (mine) => Promise.resolve([mine, '/tus/nothing']), 400],
    [
      'a piece that is not whole',
      async (mine) => [mine, await tus.open({ 'Upload-Length': '5', 'Upload-Concat': 'partial' })],
      400,
    ],
    ['what is no piece', async (mine) => [mine, await tus.open({ 'Upload-Length': '5' })], 400],
    [
      "somebody else's piece",
      async (mine) => [mine, await new TusClient(ferry, await makeUser(ferry)).piece(Buffer.from('x'))],
      400,
    ],
    [
      'a piece that has ended',
      async (mine) => {
        const ended = await tus.piece(Buffer.from('x'));
        await tus.send('delete', ended).expect(204);
        return [mine, ended];
      },
      410,
    ],
  ])('of %s is refused and changes nothing', async (_what, addressesOf, status) => {
    const mine = await tus.piece(Buffer.from('mine'));
    await concat(await addressesOf(mine)).expect(status);
    expect(await listFiles(ferry, user)).toEqual([]);
    await concat([mine]).expect(201);
  });

  it('of what has another SHA-256 than was said ends it with its pieces', async () => {
    const address = await tus.piece(Buffer.from('bytes'));
    const metadata = metadataOf({ sha256: sha256Of(Buffer.from('other')) });
    await concat([address], { 'Upload-Metadata': metadata }).expect(460);
    await tus.head(address).expect(410);
    const [, whole] = await ferry.services.uploads.list(user.id, { limit: 2, before: null });
    expect(whole?.upload.state).toBe('aborted');
    for (const { upload } of await ferry.services.uploads.list(user.id, { limit: 2, before: null }))
      expect(await ferry.stores.blobs.hasPart(upload.id)).toBe(false);
  });

  it('is shown by the native calls, which leave pieces alone', async () => {
    const address = await tus.piece(Buffer.from('bytes'));
    await complete(ferry, user, idOf(address)).expect(409);
    const made = await concat([address]).expect(201);
    const shown = await getUpload(ferry, user, idOf(address)).expect(200);
    expect(shown.body).toMatchObject({ state: 'complete', receivedBytes: 5 });
    const whole = await getUpload(ferry, user, idOf(made.headers['location']!)).expect(200);
    expect(whole.body).toMatchObject({ state: 'complete', size: 5, file: { size: 5 } });
    await sendChunk(ferry, user, idOf(address), 0, Buffer.from('bytes')).expect(409);
    await abort(ferry, user, idOf(address)).expect(409);
  });

  it('of pieces that nobody concatenates expires', async () => {
    const address = await tus.piece(Buffer.from('bytes'));
    ahead = 2 * 60 * 60 * 1000;
    expect((await ferry.services.maintenance.run()).expiredUploads).toBeGreaterThan(0);
    expect((await ferry.stores.sql.uploads.find(idOf(address)))?.state).toBe('expired');
  });
});
