import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import request from 'supertest';
import { makeArchive, postArchive } from '../support/archives';
import { API, makeFile, makeUpload, makeUser, type TestFile, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { follow } from '../support/links';
import { complete, sendAll, type ShownFile } from '../support/uploads';
import { readZip } from '../support/zip';

const HOUR_MS = 60 * 60 * 1000;

let ferry: Ferry;
let user: TestUser;
let other: TestUser;
let later = 0;

beforeAll(async () => {
  ferry = await startFerry({
    settings: { ACCESS_TOKEN_SECONDS: String(24 * 60 * 60) },
    now: () => new Date(Date.now() + later),
  });
  user = await makeUser(ferry);
  other = await makeUser(ferry);
});

afterAll(() => ferry.stop());

beforeEach(() => {
  later = 0;
});

const file = (name: string, bytes = randomBytes(1000)) => makeFile(ferry, user, { name, bytes });
const archiveOf = (files: { id: string }[], name?: string) => makeArchive(ferry, user, files, name);

async function entriesAt(url: string) {
  const { body } = await follow(ferry, url);
  return readZip((start, end) => body.subarray(start, end), body.length).entries.map((entry) => ({
    ...entry,
    bytes: body.subarray(entry.dataAt, entry.dataAt + entry.size),
  }));
}

describe('an archive', () => {
  it('has the bytes of its files under their names, as long as was said', async () => {
    const files = [
      await file('年度报告.pdf'),
      await file('empty', Buffer.alloc(0)),
      await file('b', randomBytes(300_000)),
    ];
    const { url, size, expiresAt } = await archiveOf(files, '照片');
    expect(url).toMatch(/^\/d\/[\w-]{43}$/);
    expect(new Date(expiresAt).getTime() - Date.now()).toBeGreaterThan(23 * HOUR_MS);
    const answer = await follow(ferry, url);
    expect(answer.status).toBe(200);
    expect(answer.body).toHaveLength(size);
    const headers = Object.fromEntries(answer.headers);
    expect(headers).toMatchObject({
      'content-length': String(size),
      'content-type': 'application/zip',
      'accept-ranges': 'bytes',
      'cache-control': 'private, no-cache, no-transform',
      'content-disposition': `attachment; filename="__.zip"; filename*=UTF-8''%E7%85%A7%E7%89%87.zip`,
      'x-content-type-options': 'nosniff',
    });
    expect(headers.etag).toMatch(/^"[0-9a-f]{64}"$/);
    expect(headers).not.toHaveProperty('repr-digest');
    const entries = await entriesAt(url);
    expect(entries.map(({ name }) => name)).toEqual(['年度报告.pdf', 'empty', 'b']);
    for (const [index, { bytes, crc32: checksum }] of entries.entries()) {
      expect(bytes.equals(files[index]!.bytes)).toBe(true);
      expect(checksum).toBe(crc32(bytes));
    }
  });

  it('is told by Location, too, and never stored by caches', async () => {
    const answer = await postArchive(ferry, user, { fileIds: [(await file('a')).id], name: 'a.ZIP' }).expect(
      201,
    );
    const { url } = answer.body as { url: string };
    expect(answer.headers).toMatchObject({ location: url, 'cache-control': 'no-store' });
    const { headers } = await follow(ferry, url, {}, 'HEAD');
    expect(headers.get('content-disposition')).toContain('filename="a.ZIP"');
  });

  it('numbers equal names', async () => {
    const files = [await file('a.txt'), await file('A.txt'), await file('a (2).txt')];
    const { url } = await archiveOf([...files, files[0]!]);
    const names = (await entriesAt(url)).map(({ name }) => name);
    expect(names).toEqual(['a.txt', 'A (2).txt', 'a (2) (2).txt', 'a (3).txt']);
  });

  it('has what was uploaded in chunks, with the CRC-32 that was computed meanwhile', async () => {
    const bytes = randomBytes(5000);
    const upload = await makeUpload(ferry, user, { size: 5000, chunkSize: 2000 });
    await sendAll(ferry, user, upload, bytes);
    const made = ((await complete(ferry, user, upload.id)).body as { file: ShownFile }).file;
    expect(await ferry.stores.sql.blobs.find(made.sha256)).toMatchObject({ crc32: crc32(bytes) });
    const hashBlob = jest.spyOn(ferry.stores.blobs, 'hashBlob');
    const { url } = await archiveOf([made]);
    expect(hashBlob).not.toHaveBeenCalled();
    hashBlob.mockRestore();
    expect((await entriesAt(url))[0]!.bytes.equals(bytes)).toBe(true);
  });

  it('computes a CRC-32 that nobody knows', async () => {
    const made = await file('a');
    await ferry.stores.sql.files.insert({
      ...(await ferry.stores.sql.files.find(made.id))!,
      id: `${made.id}0`,
      sha256: made.sha256,
    });
    const table = ferry.stores.sql.blobs;
    const findMany = jest.spyOn(table, 'findMany').mockResolvedValueOnce([]);
    const { url } = await archiveOf([made, { id: `${made.id}0` }]);
    findMany.mockRestore();
    const entries = await entriesAt(url);
    expect(entries.map((entry) => entry.crc32)).toEqual([crc32(made.bytes), crc32(made.bytes)]);
    expect(await ferry.stores.sql.manifests.find(made.sha256)).not.toBeNull();
  });

  it('has the same tag when the same files are asked for under the same names, and else another', async () => {
    const [a, b] = [await file('a'), await file('b')];
    const tag = async (files: TestFile[]) =>
      (await follow(ferry, (await archiveOf(files)).url, {}, 'HEAD')).headers.get('etag');
    const one = await tag([a, b]);
    expect(await tag([a, b])).toBe(one);
    expect(await tag([b, a])).not.toBe(one);
    await request(ferry.url).patch(`${API}/files/${b.id}`).set(user.auth).send({ name: 'c' }).expect(200);
    expect(await tag([a, b])).not.toBe(one);
  });

  it('stays as it was made when a file gets another name', async () => {
    const made = await file('before');
    const { url } = await archiveOf([made]);
    const before = await follow(ferry, url);
    later = HOUR_MS;
    await request(ferry.url)
      .patch(`${API}/files/${made.id}`)
      .set(user.auth)
      .send({ name: 'after' })
      .expect(200);
    const after = await follow(ferry, url, { 'If-Match': before.headers.get('etag')! });
    expect(after.status).toBe(200);
    expect(after.body.equals(before.body)).toBe(true);
  });

  it('may have public files of others', async () => {
    const shared = await makeFile(ferry, other, { name: 'shared', visibility: 'public' });
    const { url } = await archiveOf([shared, await file('own')]);
    expect((await entriesAt(url)).map(({ name }) => name)).toEqual(['shared', 'own']);
  });

  it('may have a thousand files', async () => {
    const made = await file('a.txt', Buffer.from('few bytes'));
    const { url, size } = await archiveOf(Array<TestFile>(1000).fill(made));
    const entries = await entriesAt(url);
    expect(entries).toHaveLength(1000);
    expect(new Set(entries.map(({ name }) => name)).size).toBe(1000);
    const tail = await follow(ferry, url, { Range: 'bytes=-22' });
    expect(tail.headers.get('content-range')).toBe(`bytes ${size - 22}-${size - 1}/${size}`);
  });
});

describe('asking for an archive', () => {
  it('names the files that are not there or not the caller’s to read, and nothing of them', async () => {
    const [own, hidden] = [await file('own'), await makeFile(ferry, other, { name: 'hidden' })];
    const answer = await postArchive(ferry, user, {
      fileIds: [hidden.id, own.id, 'nothing'],
      name: 'x',
    }).expect(404);
    const message = 'is not a file that you may read';
    expect(answer.body).toMatchObject({
      code: 'not_found',
      errors: [
        { path: 'fileIds.0', message },
        { path: 'fileIds.2', message },
      ],
    });
  });

  it.each<[string, object, string]>([
    ['no files', { fileIds: [], name: 'x' }, 'fileIds'],
    ['too many files', { fileIds: Array<string>(1001).fill('a'), name: 'x' }, 'fileIds'],
    ['files that are no ids', { fileIds: ['../x'], name: 'x' }, 'fileIds.0'],
    ['no name', { fileIds: ['a'] }, 'name'],
    ['an empty name', { fileIds: ['a'], name: '' }, 'name'],
    ['something else', { fileIds: ['a'], name: 'x', level: 9 }, 'level'],
  ])('refuses %s', async (_, body, path) => {
    const answer = await postArchive(ferry, user, body).expect(400);
    expect((answer.body as { errors: { path: string }[] }).errors[0]!.path).toBe(path);
  });

  it('needs a signed-in user', async () => {
    await request(ferry.url)
      .post(`${API}/archives`)
      .send({ fileIds: ['a'], name: 'x' })
      .expect(401);
  });

  it('is refused to somebody who has a thousand that can be fetched', async () => {
    const made = await file('a');
    const countAlive = jest.spyOn(ferry.stores.sql.archives, 'countAlive').mockResolvedValueOnce(1000);
    const answer = await postArchive(ferry, user, { fileIds: [made.id], name: 'x' }).expect(429);
    countAlive.mockRestore();
    expect(answer.headers['retry-after']).toBe('3600');
  });
});

describe('the end of an archive', () => {
  const statusOf = async ({ url }: { url: string }) => (await follow(ferry, url)).status;

  it('comes after a day', async () => {
    const archive = await archiveOf([await file('a')]);
    later = 24 * HOUR_MS - 60_000;
    expect(await statusOf(archive)).toBe(200);
    later = 24 * HOUR_MS;
    expect(await statusOf(archive)).toBe(410);
    later = 31 * 24 * HOUR_MS;
    await ferry.services.maintenance.run();
    expect(await statusOf(archive)).toBe(404);
  });

  it('comes when one of its files is deleted', async () => {
    const [a, b] = [await file('a'), await file('b')];
    const archive = await archiveOf([a, b]);
    await request(ferry.url).delete(`${API}/files/${b.id}`).set(user.auth).expect(204);
    const answer = await request(ferry.url).get(archive.url).expect(410);
    expect(answer.body).toMatchObject({ code: 'gone' });
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  it('comes when one of its files is made private by another owner, and goes when it is public again', async () => {
    const shared = await makeFile(ferry, other, { visibility: 'public' });
    const archive = await archiveOf([shared]);
    const make = (visibility: string) =>
      request(ferry.url).patch(`${API}/files/${shared.id}`).set(other.auth).send({ visibility }).expect(200);
    await make('private');
    expect(await statusOf(archive)).toBe(410);
    await make('public');
    expect(await statusOf(archive)).toBe(200);
  });

  it('is not that of other addresses', async () => {
    expect((await follow(ferry, '/d/nothing')).status).toBe(404);
  });
});
