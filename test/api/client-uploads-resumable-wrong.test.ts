import { randomBytes } from 'node:crypto';
import request from 'supertest';
import { until } from '../contract/until';
import {
  openUploadsOf,
  postAll,
  postChunk,
  RESUMABLE,
  resumableChunk,
  resumableFields,
  testChunk,
  type ClientFile,
} from '../support/client-uploads';
import { makeUser, sha256Of, type TestUser } from '../support/factories';
import { withBlobs } from '../support/faults';
import { startFerry, type Ferry } from '../support/ferry';
import { contentOf, listFiles, partsOf, type ShownFile } from '../support/uploads';
import { requestHead, Wire } from '../support/wire';
import { OutOfSpace, Unavailable } from '../../src/errors';

interface Receipt {
  uploadId: string;
  receivedBytes: number;
  url?: string;
  file?: ShownFile;
}

let ferry: Ferry;
let user: TestUser;
let failing: Error | undefined;

beforeAll(async () => {
  ferry = await startFerry({
    settings: { MAX_FILE_BYTES: '1MiB' },
    wrapStores: withBlobs((blobs) => ({
      writePart: async (id, start, source) => {
        const count = await blobs.writePart(id, start, source);
        if (failing) throw failing;
        return count;
      },
    })),
  });
});

beforeEach(async () => {
  failing = undefined;
  user = await makeUser(ferry);
});

afterAll(() => ferry.stop());

const fileOf = (length = 2500, more: Partial<ClientFile> = {}): ClientFile => ({
  name: '照片.jpg',
  bytes: randomBytes(length),
  chunkSize: 1000,
  ...more,
});

const receiptOf = (answer: { body: unknown }): Receipt => answer.body as Receipt;

const openUploads = () => openUploadsOf(ferry, user);

describe('a chunk of the resumable.js family that is wrong', () => {
  it.each<[string, Record<string, string | string[]>, string]>([
    ['NaN for a number', { resumableChunkNumber: 'NaN' }, 'resumableChunkNumber'],
    ['a negative number', { resumableTotalSize: '-1' }, 'resumableTotalSize'],
    ['an exponent', { resumableTotalSize: '1e99' }, 'resumableTotalSize'],
    ['a huge number', { resumableTotalSize: '99999999999999999999' }, 'resumableTotalSize'],
    ['chunk 0', { resumableChunkNumber: '0' }, 'resumableChunkNumber'],
    ['a chunk beyond the last', { resumableChunkNumber: '3' }, 'resumableChunkNumber'],
    ['a count that does not go with the sizes', { resumableTotalChunks: '7' }, 'resumableTotalChunks'],
    ['another length', { resumableCurrentChunkSize: '999' }, 'resumableCurrentChunkSize'],
    ['no name', { resumableFilename: '' }, 'resumableFilename'],
    ['a field that comes twice', { resumableIdentifier: ['a', 'b'] }, 'resumableIdentifier'],
    ['__proto__', { __proto__x: 'x', ['__proto__']: 'x' }, '__proto__'],
    ['constructor', { constructor: 'x' }, 'constructor'],
  ])('is refused for %s, naming the field', async (_what, wrong, path) => {
    const file = fileOf();
    const fields: Record<string, unknown> = resumableFields(file, 1);
    let post = request(ferry.url).post(RESUMABLE).set(user.auth);
    const names = new Set([...Object.keys(fields), ...Object.getOwnPropertyNames(wrong)]);
    for (const name of names) {
      const value = Object.hasOwn(wrong, name) ? wrong[name] : (fields[name] as string);
      for (const one of [value].flat()) post = post.field(name, one!);
    }
    const answer = await post.attach('file', resumableChunk(file, 1), 'a.bin');
    expect(answer.status).toBe(400);
    expect((answer.body as { errors: { path: string }[] }).errors.map((error) => error.path)).toContain(path);
    expect(await openUploads()).toEqual([]);
  });

  it.each([
    ['a test without fields', {}],
    ['a test of a repeated field', { ...resumableFields(fileOf(), 1), resumableFilename: ['a', 'b'] }],
    ['a test with __proto__', { ...resumableFields(fileOf(), 1), ['__proto__']: 'x', constructor: 'y' }],
  ])('%s is 400', async (_what, query) => {
    const text = new URLSearchParams(
      Object.entries(query).flatMap(([name, value]) => [value].flat().map((one) => [name, one as string])),
    );
    const answer = await request(ferry.url).get(`${RESUMABLE}?${text.toString()}`).set(user.auth);
    expect(answer.status).toBe(400);
  });

  it('is refused when the file stands before its fields', async () => {
    const file = fileOf();
    const answer = await request(ferry.url)
      .post(RESUMABLE)
      .set(user.auth)
      .attach('file', resumableChunk(file, 1), 'a.bin')
      .field(resumableFields(file, 1));
    expect(answer.status).toBe(400);
  });

  it.each([
    ['too long', 1001, 413, 'too_large'],
    ['too short', 999, 400, 'invalid_request'],
  ])('leaves the chunk missing when it is %s', async (_what, length, status, code) => {
    const file = fileOf();
    const answer = await postChunk(ferry, user, file, 1, { bytes: randomBytes(length) }).expect(status);
    expect(answer.body).toMatchObject({ code });
    await testChunk(ferry, user, file, 1).expect(204);
    await postAll(ferry, user, file);
  });

  it('is refused when the whole is too large, without an upload', async () => {
    const file = fileOf(1024 * 1024 + 1, { chunkSize: 512 * 1024 });
    await testChunk(ferry, user, file, 1).expect(204);
    expect((await postChunk(ferry, user, file, 1).expect(413)).body).toMatchObject({ code: 'too_large' });
    expect(await openUploads()).toEqual([]);
  });

  it('needs a signed-in user', async () => {
    const file = fileOf();
    await request(ferry.url).get(RESUMABLE).query(resumableFields(file, 1)).expect(401);
    await request(ferry.url).post(RESUMABLE).query(resumableFields(file, 1)).send('x').expect(401);
  });

  it.each<[string, () => Error, number]>([
    ['full', () => new OutOfSpace('The storage has no room for these bytes.'), 507],
    ['down', () => new Unavailable('The storage does not answer.'), 503],
  ])('can be sent again once the storage is no longer %s', async (_what, error, status) => {
    const file = fileOf();
    failing = error();
    await postChunk(ferry, user, file, 1).expect(status);
    failing = undefined;
    await testChunk(ferry, user, file, 1).expect(204);
    await postAll(ferry, user, file);
    expect(await listFiles(ferry, user)).toMatchObject([{ sha256: sha256Of(file.bytes) }]);
  });

  it('that breaks off is missing, and can be sent again', async () => {
    const file = fileOf(600_000, { chunkSize: 300_000 });
    const boundary = 'a-boundary';
    const head = Object.entries(resumableFields(file, 1)).map(
      ([name, value]) =>
        `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
    );
    const wire = await Wire.connect(ferry);
    await wire.send(
      requestHead('POST', RESUMABLE, [
        ['Authorization', user.auth.Authorization],
        ['Content-Type', `multipart/form-data; boundary=${boundary}`],
        ['Content-Length', '400000'],
        ['X-Request-Id', `cut-${user.id}`],
      ]),
      head.join(''),
      `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n`,
      resumableChunk(file, 1).subarray(0, 200_000),
    );
    await until(async () => (await partsOf(ferry)).length > 0);
    wire.socket.resetAndDestroy();
    await until(() =>
      ferry.logged.some(({ requestId, status }) => requestId === `cut-${user.id}` && status === 499),
    );
    await testChunk(ferry, user, file, 1).expect(204);
    const { file: made } = receiptOf(await postAll(ferry, user, file));
    expect(await contentOf(ferry, user, made!)).toEqual(file.bytes);
  });
});

describe('limits of the resumable.js family', () => {
  it('are those of all uploads: quota and open uploads', async () => {
    const limited = await startFerry({ settings: { USER_QUOTA_BYTES: '5000', MAX_OPEN_UPLOADS: '2' } });
    try {
      const owner = await makeUser(limited);
      await postChunk(limited, owner, fileOf(2000), 1).expect(200);
      const refused = await postChunk(limited, owner, fileOf(4000), 1).expect(413);
      expect(refused.body).toMatchObject({ code: 'quota_exceeded' });
      await postChunk(limited, owner, fileOf(2001), 1).expect(200);
      await postChunk(limited, owner, fileOf(100), 1).expect(429);
    } finally {
      await limited.stop();
    }
  });
});
