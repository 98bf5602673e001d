import { createHash } from 'node:crypto';
import { open, truncate } from 'node:fs/promises';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import request from 'supertest';
import { API, makeFile, makeUser, type TestFile, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { blobPath } from '../support/uploads';
import { onWire } from '../support/wire';

describe('the content of a file', () => {
  let ferry: Ferry;
  let user: TestUser;

  beforeAll(async () => {
    ferry = await startFerry();
    user = await makeUser(ferry);
  });

  afterAll(() => ferry.stop());

  const get = (file: TestFile) => request(ferry.url).get(file.contentUrl).set(user.auth);

  it.each<['private' | 'public', string]>([
    ['private', 'private, no-cache, no-transform'],
    ['public', 'public, no-cache, no-transform'],
  ])('that is %s is cached as such, and asked for again', async (visibility, value) => {
    const file = await makeFile(ferry, user, { visibility });
    const { headers } = await get(file).expect(200);
    expect(headers['cache-control']).toBe(value);
    expect(headers['etag']).toBe(`"${file.sha256}"`);
    expect(headers['accept-ranges']).toBe('bytes');
    expect(headers['x-content-type-options']).toBe('nosniff');
  });

  it.each([
    ['image/png', 'inline'],
    ['text/plain', 'inline'],
    ['audio/mpeg', 'inline'],
    ['video/mp4', 'inline'],
    ['text/html', 'attachment'],
    ['application/xhtml+xml', 'attachment'],
    ['image/svg+xml', 'attachment'],
    ['text/xml', 'attachment'],
    ['application/xml', 'attachment'],
    ['application/pdf', 'attachment'],
    ['application/javascript', 'attachment'],
    ['text/css', 'attachment'],
    ['TEXT/HTML', 'attachment'],
    ['application/octet-stream', 'attachment'],
  ])('of type %s is sent %s, in a sandbox', async (type, disposition) => {
    const file = await makeFile(ferry, user, {
      type,
      name: 'a',
      bytes: Buffer.from('<script>alert(1)</script>'),
    });
    for (const lines of [{}, { Range: 'bytes=0-3' }]) {
      const { headers } = await get(file).set(lines).buffer(true);
      expect(headers['content-disposition']).toBe(`${disposition}; filename="a"; filename*=UTF-8''a`);
      expect(headers['content-security-policy']).toBe("default-src 'none'; sandbox");
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['content-type']).toBe(type.toLowerCase());
    }
    const saved = await request(ferry.url).get(`${file.contentUrl}?download`).set(user.auth);
    expect(saved.headers['content-disposition']).toMatch(/^attachment; /);
  });

  it.each([
    ['a b;c=d.txt', 'filename="a b;c=d.txt"', "filename*=UTF-8''a%20b%3Bc%3Dd.txt"],
    ['a"b.txt', 'filename="a_b.txt"', "filename*=UTF-8''a%22b.txt"],
    ['中文.bin', 'filename="__.bin"', "filename*=UTF-8''%E4%B8%AD%E6%96%87.bin"],
    ['naïve.txt', 'filename="naive.txt"', "filename*=UTF-8''na%C3%AFve.txt"],
    ['😀.zip', 'filename="_.zip"', "filename*=UTF-8''%F0%9F%98%80.zip"],
    ['a\r\nSet-Cookie: b.txt', 'filename="aSet-Cookie: b.txt"', "filename*=UTF-8''aSet-Cookie%3A%20b.txt"],
    ['%41.txt', 'filename="_41.txt"', "filename*=UTF-8''%2541.txt"],
    ["it's(1)*.txt", `filename="it's(1)*.txt"`, "filename*=UTF-8''it%27s%281%29%2A.txt"],
    ['../../x', 'filename="x"', "filename*=UTF-8''x"],
  ])('is offered under the name %j', async (name, fallback, extended) => {
    const file = await makeFile(ferry, user);
    await request(ferry.url).patch(`${API}/files/${file.id}`).set(user.auth).send({ name }).expect(200);
    const { headers } = await get(file).expect(200);
    expect(headers['content-disposition']).toBe(`attachment; ${fallback}; ${extended}`);
  });

  it('is never compressed', async () => {
    const bytes = Buffer.alloc(50_000, 'a');
    const file = await makeFile(ferry, user, { bytes, type: 'text/plain', visibility: 'public' });
    for (const coding of ['gzip', 'br', 'deflate, gzip;q=0.5', 'zstd', '*']) {
      for (const lines of [[], [['Range', 'bytes=0-40000']]] as [string, string][][]) {
        const answer = await onWire(ferry, 'GET', file.contentUrl, [['Accept-Encoding', coding], ...lines]);
        const length = lines.length === 0 ? 50_000 : 40_001;
        expect(answer.headers).not.toHaveProperty('content-encoding');
        expect(answer.headers['content-length']).toBe(String(length));
        expect(answer.headers['etag']).toBe(`"${file.sha256}"`);
        expect(answer.body.equals(bytes.subarray(0, length))).toBe(true);
      }
    }
  });

  it('has the digest of the whole, also in part and for HEAD', async () => {
    const file = await makeFile(ferry, user);
    const base64 = createHash('sha256').update(file.bytes).digest('base64');
    const answers = [
      await get(file).set('Want-Repr-Digest', 'sha-256=1'),
      await get(file).set('Range', 'bytes=5-9'),
      await get(file).set('Range', 'bytes=0-1,5-9'),
      await request(ferry.url).head(file.contentUrl).set(user.auth),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 206, 206, 200]);
    for (const { headers } of answers) {
      expect(headers['repr-digest']).toBe(`sha-256=:${base64}:`);
      expect(headers).not.toHaveProperty('digest');
    }
    for (const wanted of ['SHA-256', 'sha-256;q=0.5, md5', 'md5;q=1, SHA-256;q=0.1']) {
      for (const lines of [{}, { Range: 'bytes=5-9' }]) {
        const { headers } = await get(file).set({ ...lines, 'Want-Digest': wanted });
        expect(headers['digest']).toBe(`SHA-256=${base64}`);
      }
    }
    for (const wanted of ['md5', 'SHA-256;q=0', 'nonsense;;']) {
      expect((await get(file).set('Want-Digest', wanted).expect(200)).headers).not.toHaveProperty('digest');
    }
  });

  it('takes no other query and no other method', async () => {
    const file = await makeFile(ferry, user);
    await request(ferry.url)
      .get(`${file.contentUrl}?response-content-type=text/html`)
      .set(user.auth)
      .expect(400);
    await request(ferry.url).get(`${file.contentUrl}?download=1&download=2`).set(user.auth).expect(400);
    for (const method of ['post', 'put', 'patch', 'delete'] as const) {
      const answer = await request(ferry.url)[method](file.contentUrl).set(user.auth).expect(405);
      expect(answer.headers['allow']).toMatch(/GET/);
    }
  });

  it('keeps its strong ETag under another name and by another way', async () => {
    const one = await makeFile(ferry, user, { name: 'one' });
    const two = await makeFile(ferry, user, { name: 'two', bytes: one.bytes });
    const tag = (await get(one).expect(200)).headers['etag']!;
    await request(ferry.url)
      .patch(`${API}/files/${two.id}`)
      .set(user.auth)
      .send({ name: 'three' })
      .expect(200);
    await get(two).set('If-None-Match', tag).expect(304);
    await get(two).set({ 'If-Range': tag, Range: 'bytes=1-2' }).expect(206);
  });

  it('is exact beyond 4 GiB', async () => {
    const sha256 = 'f'.repeat(64);
    const size = 5 * 2 ** 30;
    const at = new Date();
    const blob = blobPath(ferry, sha256);
    await mkdir(path.dirname(blob), { recursive: true });
    const handle = await open(blob, 'w');
    await handle.write(Buffer.from('here'), 0, 4, 2 ** 32);
    await handle.close();
    await truncate(blob, size);
    const record = {
      id: '1'.repeat(26),
      ownerId: user.id,
      sha256,
      size,
      name: 'large',
      createdAt: at,
      updatedAt: at,
    };
    await ferry.stores.sql.transaction(async (tables) => {
      await tables.blobs.announce(sha256, size, at);
      await tables.blobs.addReference(sha256);
      await tables.files.insert({ ...record, type: 'application/octet-stream', visibility: 'public' });
    });
    const target = `${API}/files/${record.id}/content`;
    const part = await onWire(ferry, 'GET', target, [['Range', 'bytes=4294967295-4294967300']]);
    expect(part.headers['content-range']).toBe(`bytes 4294967295-4294967300/${size}`);
    expect(part.body).toEqual(Buffer.from('\0here\0'));
    const head = await onWire(ferry, 'HEAD', target);
    expect(head.headers['content-length']).toBe(String(size));
    const last = await onWire(ferry, 'GET', target, [['Range', 'bytes=-1']]);
    expect(last.body).toEqual(Buffer.from('\0'));
  });
});
