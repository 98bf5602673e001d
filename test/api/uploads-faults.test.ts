import { randomBytes } from 'node:crypto';
import request from 'supertest';
import { OutOfSpace, Unavailable } from '../../src/errors';
import { SyncFailed, type BlobStore } from '../../src/models/blobs';
import { API, makeUpload, makeUser, sha256Of, type TestUser } from '../support/factories';
import { override, withBlobs } from '../support/faults';
import { startFerry, type Ferry } from '../support/ferry';
import {
  abort,
  chunkOf,
  complete,
  contentOf,
  createUpload,
  getUpload,
  listFiles,
  partsOf,
  sendAll,
  sendChunk,
  sendChunkForm,
  type ShownFile,
} from '../support/uploads';

const HOUR = 60 * 60 * 1000;
const CAUSE = 'EIO: the disk said so, /secret/place';

describe('a store that fails', () => {
  const bytes = randomBytes(1000);
  let ferry: Ferry;
  let user: TestUser;
  let late = 0;
  /** Thrown by the store's method after it did its work; by `transaction` instead of it. */
  let failing: Partial<Record<keyof BlobStore | 'transaction', Error>> = {};

  beforeAll(async () => {
    ferry = await startFerry({
      now: () => new Date(Date.now() + late),
      settings: { ACCESS_TOKEN_SECONDS: '86400' },
      wrapStores: (stores) => {
        const { blobs, sql } = stores;
        const check = (name: keyof typeof failing): void => {
          const error = failing[name];
          if (error) throw error;
        };
        return {
          ...stores,
          sql: override(sql, {
            transaction: (work) => {
              check('transaction');
              return sql.transaction(work);
            },
          }),
          blobs: override(blobs, {
            createPart: async (id, size) => {
              await blobs.createPart(id, size);
              check('createPart');
            },
            writePart: async (id, start, source) => {
              const count = await blobs.writePart(id, start, source);
              check('writePart');
              return count;
            },
            hashPart: async (id, size) => {
              check('hashPart');
              return blobs.hashPart(id, size);
            },
            publishPart: async (id, sha256) => {
              check('publishPart');
              await blobs.publishPart(id, sha256);
              check('deleteBlob');
            },
          }),
        };
      },
    });
    user = await makeUser(ferry);
  });

  beforeEach(() => {
    failing = {};
    ferry.logged.length = 0;
  });

  afterAll(() => ferry.stop());

  it.each([
    ['raw', sendChunk],
    ['as a form', sendChunkForm],
  ])('to sync a chunk that came %s ends the upload', async (_way, send) => {
    const upload = await makeUpload(ferry, user, { size: 1000, chunkSize: 400 });
    await send(ferry, user, upload.id, 0, chunkOf(upload, bytes, 0)).expect(200);
    failing.writePart = new SyncFailed(new Error(CAUSE));
    const failed = await send(ferry, user, upload.id, 1, chunkOf(upload, bytes, 1)).expect(500);
    expect(failed.body).toMatchObject({ code: 'internal' });
    expect(failed.text).not.toContain('EIO');
    expect(ferry.logged.filter(({ level }) => level === 50)).toHaveLength(1);
    failing = {};
    const topic = `upload:${upload.id}`;
    const { epoch } = await ferry.stores.eventlog.top(topic);
    const history = await ferry.stores.eventlog.readAfter(topic, { epoch, offset: 0 }, 100);
    const last = history.recovered ? history.events.at(-1) : undefined;
    expect(last).toMatchObject({ type: 'upload.aborted', data: { uploadId: upload.id, reason: 'aborted' } });
    await getUpload(ferry, user, upload.id).expect(410);
    await send(ferry, user, upload.id, 1, chunkOf(upload, bytes, 1)).expect(410);
    await complete(ferry, user, upload.id).expect(410);
    expect(await partsOf(ferry)).not.toContain(upload.id);
  });

  it.each(['hashPart', 'publishPart'] as const)('by a failed sync in %s ends the upload', async (step) => {
    const upload = await filled();
    failing[step] = new SyncFailed(new Error(CAUSE));
    const failed = await complete(ferry, user, upload.id).expect(500);
    expect(failed.text).not.toContain('EIO');
    failing = {};
    await complete(ferry, user, upload.id).expect(410);
    expect(await partsOf(ferry)).not.toContain(upload.id);
  });

  it.each([
    ['raw', sendChunk],
    ['as a form', sendChunkForm],
  ])('because it is full, while a chunk comes %s, goes on later', async (_way, send) => {
    const upload = await makeUpload(ferry, user, { size: 1000, chunkSize: 400 });
    await send(ferry, user, upload.id, 0, chunkOf(upload, bytes, 0)).expect(200);
    failing.writePart = new OutOfSpace('The storage has no room for these bytes.');
    const full = await send(ferry, user, upload.id, 1, chunkOf(upload, bytes, 1)).expect(507);
    expect(full.body).toMatchObject({ code: 'out_of_space' });
    failing = {};
    const shown = await getUpload(ferry, user, upload.id).expect(200);
    expect(shown.body).toMatchObject({ state: 'open', received: [[0, 0]], receivedBytes: 400 });
    await send(ferry, user, upload.id, 1, chunkOf(upload, bytes, 1)).expect(200);
    await send(ferry, user, upload.id, 2, chunkOf(upload, bytes, 2)).expect(200);
    await complete(ferry, user, upload.id, { sha256: sha256Of(bytes) }).expect(201);
  });

  it.each<[string, () => Error, number]>([
    ['full', () => new OutOfSpace('The storage has no room for these bytes.'), 507],
    ['broken', () => new Error(CAUSE), 500],
  ])('because it is %s when the upload is created leaves nothing', async (_what, error, status) => {
    const parts = await partsOf(ferry);
    failing.createPart = error();
    const failed = await createUpload(ferry, user, { name: 'a', size: 10 }).expect(status);
    expect(failed.text).not.toContain('secret');
    failing = {};
    expect(await partsOf(ferry)).toEqual(parts);
  });

  it('because the database is down when a chunk is to be recorded: 503, and the next try works', async () => {
    const upload = await makeUpload(ferry, user, { size: 1000, chunkSize: 400 });
    failing.transaction = new Unavailable('The database does not answer.');
    const down = await sendChunk(ferry, user, upload.id, 0, chunkOf(upload, bytes, 0)).expect(503);
    expect(down.headers['retry-after']).toMatch(/^\d+$/);
    failing = {};
    await getUpload(ferry, user, upload.id).expect(200, upload);
    await sendAll(ferry, user, upload, bytes);
    await complete(ferry, user, upload.id, { sha256: sha256Of(bytes) }).expect(201);
  });

  it('after the content is in its place: the upload is finished by the next try', async () => {
    const upload = await filled();
    failing.deleteBlob = new Error(CAUSE);
    await complete(ferry, user, upload.id).expect(500);
    failing = {};
    const done = await complete(ferry, user, upload.id).expect(201);
    expect(await contentOf(ferry, user, (done.body as { file: ShownFile }).file)).toEqual(bytes);
  });

  it('after the content is in its place: the clean-up finishes it, however late it comes', async () => {
    const fresh = randomBytes(1000);
    const owner = await makeUser(ferry);
    const upload = await makeUpload(ferry, owner, { size: 1000, chunkSize: 400 });
    await sendAll(ferry, owner, upload, fresh);
    failing.deleteBlob = new Error(CAUSE);
    await complete(ferry, owner, upload.id).expect(500);
    failing = {};
    late = 20 * HOUR;
    await ferry.services.maintenance.run();
    const [file, ...others] = await listFiles(ferry, owner);
    expect(others).toEqual([]);
    expect(await contentOf(ferry, owner, file!)).toEqual(fresh);
    await complete(ferry, owner, upload.id).expect(200, { file });
    late = 0;
  });

  it('by losing a part ends that upload, and no other', async () => {
    const lost = await filled();
    const sealed = await filled();
    const whole = await filled();
    failing.publishPart = new Error(CAUSE);
    for (const { id } of [sealed, whole]) await complete(ferry, user, id).expect(500);
    failing = {};
    for (const { id } of [lost, sealed]) await ferry.stores.blobs.discardPart(id);
    await ferry.stores.blobs.deleteBlob(sha256Of(bytes));
    // `sealed` comes first, because it is older: it must not keep `whole` from being finished.
    await ferry.services.maintenance.run();
    await getUpload(ferry, user, sealed.id).expect(410);
    expect((await getUpload(ferry, user, whole.id).expect(200)).body).toMatchObject({ state: 'complete' });
    await complete(ferry, user, lost.id).expect(500);
    await abort(ferry, user, lost.id).expect(410);
    expect(ferry.logged.some(({ level, uploadId }) => level === 50 && uploadId === sealed.id)).toBe(true);
  });

  async function filled() {
    const upload = await makeUpload(ferry, user, { size: 1000, chunkSize: 400 });
    await sendAll(ferry, user, upload, bytes);
    return upload;
  }
});

describe('a blob whose row a sweep took while it was being stored', () => {
  it('becomes no file: the completion fails, and succeeds when it is tried again', async () => {
    let swept = false;
    let sweep: (sha256: string) => Promise<unknown> = () => Promise.resolve();
    const ferry = await startFerry({
      wrapStores: withBlobs((blobs) => ({
        publishPart: async (id, sha256) => {
          await blobs.publishPart(id, sha256);
          if (!swept) await sweep(sha256);
          swept = true;
        },
      })),
    });
    sweep = (sha256) => ferry.stores.sql.blobs.deleteUnreferenced(sha256, new Date(Date.now() + 60_000));
    try {
      const user = await makeUser(ferry);
      const bytes = randomBytes(1000);
      const upload = await makeUpload(ferry, user, { size: bytes.length });
      const target = `${API}/uploads/${upload.id}`;
      await request(ferry.url)
        .put(`${target}/chunks/0`)
        .set({ ...user.auth, 'Content-Type': 'application/octet-stream' })
        .send(bytes)
        .expect(200);
      await request(ferry.url).post(`${target}/complete`).set(user.auth).expect(500);
      await request(ferry.url).post(`${target}/complete`).set(user.auth).expect(201);
    } finally {
      await ferry.stop();
    }
  });
});
