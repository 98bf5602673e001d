import { createHash, randomBytes } from 'node:crypto';
import { access, mkdir, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import request from 'supertest';
import type { UploadRecord } from '../../../src/models/sql';
import { until } from '../../contract/until';
import { makeFile, makeUpload, makeUser, sha256Of, type TestUser } from '../../support/factories';
import { withBlobs } from '../../support/faults';
import { startFerry, type Ferry } from '../../support/ferry';
import {
  blobPath,
  chunkOf,
  complete,
  contentOf,
  getUpload,
  listFiles,
  partsOf,
  sendAll,
  sendChunk,
} from '../../support/uploads';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOTHING = {
  expiredUploads: 0,
  deletedBlobs: 0,
  deletedParts: 0,
  purgedDocuments: 0,
  repairedCounts: 0,
};

/** How far the clock of the services is ahead of the clock of the disk. */
let ahead = 0;
let ferry: Ferry;
let user: TestUser;
/** Instead of the true `publishPart`, once. */
let publishOnce: ((publish: () => Promise<void>) => Promise<void>) | undefined;
/** Makes the listing of blobs fail. */
let listingFails = false;

beforeEach(async () => {
  ahead = 0;
  publishOnce = undefined;
  listingFails = false;
  ferry = await startFerry({
    settings: { UPLOAD_HOURS: '24', BLOB_GRACE_MINUTES: '60' },
    now: () => new Date(Date.now() + ahead),
    wrapStores: withBlobs((blobs) => ({
      publishPart(id, sha256) {
        const publish = () => blobs.publishPart(id, sha256);
        const once = publishOnce;
        publishOnce = undefined;
        return once ? once(publish) : publish();
      },
      listBlobs() {
        if (listingFails) throw new Error('the disk is away');
        return blobs.listBlobs();
      },
    })),
  });
  user = await makeUser(ferry);
});

afterEach(() => ferry.stop());

const run = () => ferry.services.maintenance.run();
const isThere = (sha256: string) =>
  access(blobPath(ferry, sha256)).then(
    () => true,
    () => false,
  );
const remove = (id: string) => request(ferry.url).delete(`/api/v1/files/${id}`).set(user.auth).expect(204);

/** So much later, and signed in again: an access token is good for ten minutes. */
async function later(milliseconds: number): Promise<void> {
  ahead += milliseconds;
  const { accessToken } = await ferry.services.tokens.signIn(user.id, null);
  user = { ...user, accessToken, auth: { Authorization: `Bearer ${accessToken}` } };
}

/** An upload of which everything is there but its completion. */
async function fullUpload(bytes = randomBytes(1000)) {
  const upload = await makeUpload(ferry, user, { size: bytes.length, chunkSize: 400 });
  await sendAll(ferry, user, upload, bytes);
  return { upload, bytes };
}

describe('an upload', () => {
  it('goes when it has waited too long, with its bytes, and not before', async () => {
    const upload = await makeUpload(ferry, user, { size: 10, chunkSize: 5 });
    await sendChunk(ferry, user, upload.id, 0, randomBytes(5)).expect(200);
    await later(24 * HOUR - MINUTE);
    expect(await run()).toEqual(NOTHING);
    await getUpload(ferry, user, upload.id).expect(200);
    await later(2 * MINUTE);
    expect(await run()).toEqual({ ...NOTHING, expiredUploads: 1 });
    expect(await partsOf(ferry)).toEqual([]);
    expect(await ferry.stores.sql.extents.listOf(upload.id)).toEqual([]);
    await getUpload(ferry, user, upload.id).expect(410);
    expect(await run()).toEqual(NOTHING);
  });

  it('waits anew from each chunk', async () => {
    const bytes = randomBytes(10);
    const upload = await makeUpload(ferry, user, { size: 10, chunkSize: 5 });
    for (let index = 0; index < 2; index += 1) {
      await later(23 * HOUR);
      await sendChunk(ferry, user, upload.id, index, chunkOf(upload, bytes, index)).expect(200);
      expect(await run()).toEqual(NOTHING);
    }
    await later(23 * HOUR);
    await complete(ferry, user, upload.id).expect(201);
  });

  it('goes also where there are many', async () => {
    const template = await ferry.stores.sql.uploads.find((await makeUpload(ferry, user, { size: 1 })).id);
    const others = Array.from({ length: 204 }, (_, i): UploadRecord => ({ ...template!, id: `upload${i}` }));
    for (const upload of others) await ferry.stores.sql.uploads.insert(upload);
    await later(25 * HOUR);
    expect(await run()).toMatchObject({ expiredUploads: 205 });
  });
});

describe('content', () => {
  it('that no file refers to goes after the grace period, and not before', async () => {
    const { id, sha256 } = await makeFile(ferry, user);
    await remove(id);
    await later(HOUR - MINUTE);
    expect(await run()).toEqual(NOTHING);
    expect(await isThere(sha256)).toBe(true);
    await later(2 * MINUTE);
    expect(await run()).toEqual({ ...NOTHING, deletedBlobs: 1 });
    expect(await isThere(sha256)).toBe(false);
    expect(await ferry.stores.sql.blobs.find(sha256)).toBeNull();
  });

  it('that a file refers to stays for ever', async () => {
    const bytes = randomBytes(1000);
    const one = await makeFile(ferry, user, { bytes });
    const two = await makeFile(ferry, await makeUser(ferry), { bytes });
    await remove(one.id);
    await later(10 * 365 * 24 * HOUR);
    expect(await run()).toEqual(NOTHING);
    expect(await isThere(two.sha256)).toBe(true);
    expect(await ferry.stores.sql.blobs.find(two.sha256)).toMatchObject({ references: 1, releasedAt: null });
  });

  it('of a completed upload stays for ever, whatever happened to the upload', async () => {
    const { upload, bytes } = await fullUpload();
    await complete(ferry, user, upload.id).expect(201);
    await later(60 * 24 * HOUR);
    expect(await run()).toEqual(NOTHING);
    expect(await isThere(sha256Of(bytes))).toBe(true);
    expect(await ferry.stores.sql.uploads.find(upload.id)).toMatchObject({ state: 'complete' });
  });

  it('that was released and then stored again starts over', async () => {
    const bytes = randomBytes(1000);
    const { id } = await makeFile(ferry, user, { bytes });
    await remove(id);
    await later(HOUR - MINUTE);
    const again = await makeFile(ferry, user, { bytes });
    await later(HOUR);
    expect(await run()).toEqual(NOTHING);
    expect(await isThere(again.sha256)).toBe(true);
    await remove(again.id);
    await later(HOUR - MINUTE);
    expect(await run()).toEqual(NOTHING);
    await later(2 * MINUTE);
    expect(await run()).toMatchObject({ deletedBlobs: 1 });
  });

  it('that nobody knows of goes once it has been known for the grace period', async () => {
    const bytes = randomBytes(500);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    await mkdir(path.dirname(blobPath(ferry, sha256)), { recursive: true });
    await writeFile(blobPath(ferry, sha256), bytes);
    await later(2 * HOUR);
    expect(await run()).toEqual(NOTHING);
    expect(await ferry.stores.sql.blobs.find(sha256)).toMatchObject({ size: 500, references: 0 });
    await later(HOUR - MINUTE);
    expect(await run()).toEqual(NOTHING);
    await later(2 * MINUTE);
    expect(await run()).toEqual({ ...NOTHING, deletedBlobs: 1 });
    expect(await isThere(sha256)).toBe(false);
  });
});

describe('a part', () => {
  /** Makes the part as old as that by the clock of the disk. */
  const age = (id: string, milliseconds: number) => {
    const then = new Date(Date.now() - milliseconds);
    return utimes(path.join(ferry.config.uploadsDirectory, 'parts', id), then, then);
  };

  it('of no upload goes once nothing has been written to it for the grace period', async () => {
    await ferry.stores.blobs.createPart('abandoned', null);
    expect(await run()).toEqual(NOTHING);
    await age('abandoned', HOUR - MINUTE);
    expect(await run()).toEqual(NOTHING);
    await age('abandoned', HOUR + MINUTE);
    expect(await run()).toEqual({ ...NOTHING, deletedParts: 1 });
    expect(await partsOf(ferry)).toEqual([]);
  });

  it('of an open upload stays, however old it is', async () => {
    const { upload, bytes } = await fullUpload();
    await age(upload.id, 1000 * HOUR);
    expect(await run()).toEqual(NOTHING);
    const answer = await complete(ferry, user, upload.id).expect(201);
    const { file } = answer.body as { file: { contentUrl: string } };
    expect(await contentOf(ferry, user, file)).toEqual(bytes);
  });

  it('of an upload that ended goes', async () => {
    const upload = await makeUpload(ferry, user, { size: 10 });
    await ferry.stores.sql.uploads.end(upload.id, 'aborted');
    await age(upload.id, 2 * HOUR);
    expect(await run()).toEqual({ ...NOTHING, deletedParts: 1 });
  });
});

describe('a completion that a crash cut off', () => {
  const crash = () => Promise.reject(new Error('power cut'));

  it.each<[string, (publish: () => Promise<void>) => Promise<void>]>([
    ['before its part became content', crash],
    ['after its part became content', (publish) => publish().then(crash)],
  ])('is finished at the next start: %s', async (_, publish) => {
    const { upload, bytes } = await fullUpload();
    publishOnce = publish;
    await complete(ferry, user, upload.id).expect(500);
    expect(await listFiles(ferry, user)).toEqual([]);
    await ferry.services.maintenance.start();
    const files = await listFiles(ferry, user);
    expect(files).toMatchObject([{ size: bytes.length, sha256: sha256Of(bytes) }]);
    expect(await contentOf(ferry, user, files[0]!)).toEqual(bytes);
    expect((await complete(ferry, user, upload.id).expect(200)).body).toMatchObject({
      file: { id: files[0]?.id },
    });
    expect(ferry.logged).toContainEqual(expect.objectContaining({ uploads: 1 }));
  });

  it('is neither expired nor swept, however late', async () => {
    const { upload, bytes } = await fullUpload();
    publishOnce = (publish) => publish().then(crash);
    await complete(ferry, user, upload.id).expect(500);
    await later(1000 * HOUR);
    expect(await run()).toEqual(NOTHING);
    expect(await isThere(sha256Of(bytes))).toBe(true);
    await ferry.services.uploads.recover(() => undefined);
    expect(await ferry.stores.sql.uploads.find(upload.id)).toMatchObject({ state: 'complete' });
    expect(await ferry.stores.sql.blobs.find(sha256Of(bytes))).toMatchObject({ references: 1 });
  });
});

describe('cleaning up', () => {
  it('may happen twice at once', async () => {
    for (let i = 0; i < 5; i += 1) await remove((await makeFile(ferry, user)).id);
    await makeUpload(ferry, user, { size: 10 });
    await later(48 * HOUR);
    const [one, two] = await Promise.all([run(), run()]);
    expect(one.deletedBlobs + two.deletedBlobs).toBe(5);
    expect(one.expiredUploads + two.expiredUploads).toBe(1);
  });

  it('that fails is logged, and is waited for at the end', async () => {
    listingFails = true;
    await ferry.services.maintenance.start();
    await ferry.services.maintenance.stop();
    expect(ferry.logged).toContainEqual(
      expect.objectContaining({ level: 50, msg: 'cleaning up failed; it is tried again later' }),
    );
  });

  it('goes round by itself once it is started', async () => {
    const { id, sha256 } = await makeFile(ferry, user);
    await remove(id);
    await later(2 * HOUR);
    await ferry.services.maintenance.start();
    await until(async () => !(await isThere(sha256)));
    await ferry.services.maintenance.stop();
    expect(ferry.logged).toContainEqual(expect.objectContaining({ deletedBlobs: 1, msg: 'cleaned up' }));
  });
});
