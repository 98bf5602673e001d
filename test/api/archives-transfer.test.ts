import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { truncate } from 'node:fs/promises';
import request from 'supertest';
import { makeArchive, type TestArchive } from '../support/archives';
import { API, makeFile, makeUser, type TestFile, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { follow } from '../support/links';
import { blobPath } from '../support/uploads';
import { Wire, requestHead } from '../support/wire';

const MIB = 1024 * 1024;
const HOUR_MS = 60 * 60 * 1000;

let ferry: Ferry;
let user: TestUser;
let files: TestFile[];
let archive: TestArchive;
let whole: Buffer;
let etag: string;
let lastModified: string;
let later = 0;

beforeAll(async () => {
  ferry = await startFerry({
    settings: { ACCESS_TOKEN_SECONDS: String(24 * 60 * 60) },
    now: () => new Date(Date.now() + later),
  });
  user = await makeUser(ferry);
  files = [];
  for (const size of [1000, 0, 300_000, 10, 70_000]) {
    files.push(await makeFile(ferry, user, { name: `${size}.bin`, bytes: randomBytes(size) }));
  }
  archive = await makeArchive(ferry, user, files);
  const answer = await get();
  whole = answer.body;
  etag = answer.headers.get('etag')!;
  lastModified = answer.headers.get('last-modified')!;
});

afterAll(() => ferry.stop());

beforeEach(() => {
  later = 0;
});

const get = (headers: Record<string, string> = {}, method = 'GET') =>
  follow(ferry, archive.url, headers, method);
const openFiles = () => readdirSync('/proc/self/fd').length;

/** Waits until something is so that comes without a sign. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('ranges of an archive', () => {
  it('are as they are in the whole', async () => {
    const places = [
      0,
      1,
      30,
      500,
      1040,
      1100,
      1200,
      150_000,
      301_000,
      302_000,
      whole.length - 100,
      whole.length - 1,
    ];
    for (const first of places) {
      for (const last of places.filter((place) => place >= first)) {
        const { status, headers, body } = await get({ Range: `bytes=${first}-${last}` });
        expect([status, headers.get('content-range')]).toEqual([
          206,
          `bytes ${first}-${last}/${whole.length}`,
        ]);
        expect(body.equals(whole.subarray(first, last + 1))).toBe(true);
      }
    }
  });

  it('may be several', async () => {
    const { status, headers, body } = await get({ Range: 'bytes=0-9,2000-2999,-30' });
    expect(status).toBe(206);
    expect(headers.get('content-type')).toMatch(/^multipart\/byteranges/);
    expect(body).toHaveLength(Number(headers.get('content-length')));
    for (const part of [whole.subarray(0, 10), whole.subarray(2000, 3000), whole.subarray(-30)]) {
      expect(body.includes(part)).toBe(true);
    }
  });

  it('put together are the whole, as many as there may be', async () => {
    const step = 17_001;
    const pieces: Buffer[] = [];
    for (let at = 0; at < whole.length; at += step) {
      const { body } = await get({ Range: `bytes=${at}-${at + step - 1}`, 'If-Range': etag });
      pieces.push(body);
    }
    expect(Buffer.concat(pieces).equals(whole)).toBe(true);
  });

  it.each<[string, () => Record<string, string>, string, number]>([
    ['HEAD', () => ({}), 'HEAD', 200],
    ['HEAD with a range', () => ({ Range: 'bytes=0-4' }), 'HEAD', 200],
    ['If-Range with the tag', () => ({ Range: 'bytes=0-4', 'If-Range': etag }), 'GET', 206],
    ['If-Range with the date', () => ({ Range: 'bytes=0-4', 'If-Range': lastModified }), 'GET', 206],
    ['If-Range with another tag', () => ({ Range: 'bytes=0-4', 'If-Range': '"x"' }), 'GET', 200],
    ['If-None-Match', () => ({ 'If-None-Match': etag }), 'GET', 304],
    ['If-Match with the tag', () => ({ 'If-Match': etag, Range: 'bytes=0-4' }), 'GET', 206],
    ['If-Match with another tag', () => ({ 'If-Match': '"x"' }), 'GET', 412],
    ['an unsatisfiable range', () => ({ Range: 'bytes=999999999-' }), 'GET', 416],
  ])('and conditions: %s', async (_, headers, method, status) => {
    const answer = await get(headers(), method);
    expect(answer.status).toBe(status);
    if (status === 416) expect(answer.headers.get('content-range')).toBe(`bytes */${whole.length}`);
    if (status === 200) expect(answer.headers.get('content-length')).toBe(String(whole.length));
    if (method === 'HEAD' || status === 304) expect(answer.body).toHaveLength(0);
  });
});

describe('sending an archive', () => {
  it('leaves no descriptor behind when clients go away', async () => {
    const large = await makeFile(ferry, user, { bytes: randomBytes(8 * MIB) });
    const { url } = await makeArchive(ferry, user, [large, large, files[0]!]);
    const before = openFiles();
    for (let round = 0; round < 10; round += 1) {
      const wires = await Promise.all(Array.from({ length: 3 }, () => Wire.connect(ferry)));
      for (const wire of wires) {
        await wire.send(requestHead('GET', url));
        await wire.begun();
        wire.destroy();
      }
    }
    await until(() => openFiles() <= before);
  });

  it('opens only what a range has in it', async () => {
    const opened = jest.spyOn(ferry.stores.blobs, 'openBlob');
    await get({ Range: 'bytes=2000-2999' });
    await get({ Range: 'bytes=-30' });
    await get({}, 'HEAD');
    expect(opened.mock.calls).toEqual([[files[2]!.sha256]]);
    opened.mockRestore();
  });

  it('breaks off when the bytes of a file are lost or cut short, and says so in the log', async () => {
    const damaged = await makeFile(ferry, user, { bytes: randomBytes(200_000) });
    const { url } = await makeArchive(ferry, user, [files[2]!, damaged]);
    await truncate(blobPath(ferry, damaged.sha256), 1000);
    await expect(follow(ferry, url)).rejects.toThrow();
    await until(() => ferry.logged.some(({ level, err }) => level === 50 && err !== undefined));
  });

  it('goes on to its end when files are deleted meanwhile and cleaned up after', async () => {
    const made: TestFile[] = [];
    for (const size of [200_000, 100_000])
      made.push(await makeFile(ferry, user, { bytes: randomBytes(size) }));
    const { url } = await makeArchive(ferry, user, made);
    const expected = (await follow(ferry, url)).body;
    const { blobs } = ferry.stores;
    const open = blobs.openBlob.bind(blobs);
    // Called before the bytes of each file are opened.
    const steps = [
      async () => {
        for (const { id } of made)
          await request(ferry.url).delete(`${API}/files/${id}`).set(user.auth).expect(204);
        expect((await follow(ferry, url)).status).toBe(410);
        later = 0.6 * HOUR_MS;
      },
      async () => {
        later = 1.2 * HOUR_MS;
        await ferry.services.maintenance.run();
      },
    ];
    const opening = jest.spyOn(blobs, 'openBlob').mockImplementation(async (sha256) => {
      await steps.shift()?.();
      return open(sha256);
    });
    const { body } = await follow(ferry, url);
    opening.mockRestore();
    expect(steps).toEqual([]);
    expect(body.equals(expected)).toBe(true);
    later = 3 * HOUR_MS;
    await ferry.services.maintenance.run();
    for (const { sha256 } of made) expect(await ferry.stores.blobs.hasBlob(sha256)).toBe(false);
  });
});
