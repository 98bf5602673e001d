import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { makeUpload, makeUser, sha256Of, type TestUpload, type TestUser } from '../support/factories';
import { CrashingStores } from '../support/faults';
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
  type ShownFile,
  type ShownUpload,
} from '../support/uploads';

// Each test runs a few dozen servers, one after the other.
jest.setTimeout(300_000);

/** More steps than any of the calls has. */
const ENOUGH = 40;

describe('a process that dies', () => {
  let directory: string;
  let user: TestUser;

  beforeAll(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'ferry-crash-'));
    user = await serve(undefined, (ferry) => makeUser(ferry));
  });

  afterAll(() => rm(directory, { recursive: true, force: true }));

  /** Runs a server on the same data as all others here; what it did last is all that the next one finds. */
  async function serve<T>(
    crashing: CrashingStores | undefined,
    work: (ferry: Ferry) => Promise<T>,
  ): Promise<T> {
    const ferry = await startFerry({ directory, ...(crashing && { wrapStores: crashing.wrap }) });
    try {
      return await work(ferry);
    } finally {
      await ferry.stop();
    }
  }

  /** Calls `work` on servers that die one step later each time, until one of them lives to its end. */
  async function atEveryStep(
    prepare: (ferry: Ferry) => Promise<void>,
    work: (ferry: Ferry) => Promise<void>,
    check: (ferry: Ferry, done: string[]) => Promise<void>,
  ): Promise<string[][]> {
    const histories: string[][] = [];
    for (let steps = 0; steps < ENOUGH; steps += 1) {
      const crashing = new CrashingStores();
      await serve(crashing, async (ferry) => {
        await prepare(ferry);
        crashing.dieAfter(steps);
        await work(ferry);
      });
      histories.push(crashing.steps);
      await serve(undefined, async (ferry) => {
        await ferry.services.maintenance.start();
        await check(ferry, crashing.steps);
      });
      if (!crashing.dead) return histories;
    }
    throw new Error('it never came to its end');
  }

  it('between any two steps of completing leaves one right file, or an upload that can be completed', async () => {
    let upload: TestUpload;
    let bytes: Buffer;
    let answered: number;
    const before = new Set<string>();
    const histories = await atEveryStep(
      async (ferry) => {
        bytes = randomBytes(5000);
        for (const { id } of await listFiles(ferry, user)) before.add(id);
        upload = await makeUpload(ferry, user, { size: 5000, chunkSize: 2000 });
        await sendAll(ferry, user, upload, bytes);
      },
      async (ferry) => {
        answered = (await complete(ferry, user, upload.id)).status;
      },
      async (ferry, done) => {
        const sealed = done.includes('commit');
        const made = (await listFiles(ferry, user)).filter(({ id }) => !before.has(id));
        expect(made).toHaveLength(sealed ? 1 : 0);
        const state = (await getUpload(ferry, user, upload.id).expect(200)).body as ShownUpload;
        expect(state).toMatchObject({
          state: sealed ? 'complete' : 'open',
          received: [[0, 2]],
          receivedBytes: 5000,
        });
        const again = await complete(ferry, user, upload.id, { sha256: sha256Of(bytes) }).expect(
          sealed ? 200 : 201,
        );
        const { file } = again.body as { file: ShownFile };
        if (sealed) expect(made).toEqual([file]);
        expect(await contentOf(ferry, user, file)).toEqual(bytes);
        expect(await ferry.stores.sql.blobs.find(sha256Of(bytes))).toMatchObject({
          references: 1,
          releasedAt: null,
        });
        expect(await ferry.stores.sql.extents.listOf(upload.id)).toEqual([]);
        expect(await partsOf(ferry)).toEqual([]);
        if (answered === 201) expect(sealed).toBe(true);
      },
    );
    expect(histories.at(-1)).toEqual([
      ...['uploads.find', 'extents.listOf', 'blobs.hashPart'],
      ...['uploads.seal', 'blobs table.announce', 'commit', 'blobs.publishPart'],
      ...['uploads.complete', 'blobs table.addReference', 'files.insert', 'extents.clear', 'commit'],
    ]);
    expect(answered!).toBe(201);
  });

  it('between any two steps of taking a chunk keeps all that was acknowledged', async () => {
    const bytes = randomBytes(3000);
    let upload: TestUpload;
    let answered: number;
    const histories = await atEveryStep(
      async (ferry) => {
        upload = await makeUpload(ferry, user, { size: 3000, chunkSize: 1000 });
        await sendChunk(ferry, user, upload.id, 2, chunkOf(upload, bytes, 2)).expect(200);
      },
      async (ferry) => {
        answered = (await sendChunk(ferry, user, upload.id, 0, chunkOf(upload, bytes, 0))).status;
      },
      async (ferry, done) => {
        const recorded = done.includes('commit');
        if (answered === 200) expect(recorded).toBe(true);
        const shown = await getUpload(ferry, user, upload.id).expect(200);
        expect(shown.body).toMatchObject({ state: 'open', receivedBytes: recorded ? 2000 : 1000 });
        await sendAll(ferry, user, upload, bytes);
        const sha256 = sha256Of(bytes);
        await complete(ferry, user, upload.id, { sha256 }).expect(201);
      },
    );
    expect(histories.at(-1)).toContain('extents.add');
  });

  it('between any two steps of creating an upload leaves none, or one', async () => {
    const key = 'the same all the time';
    let answered: ShownUpload | undefined;
    let size = 100;
    await atEveryStep(
      () => {
        size += 1;
        return Promise.resolve();
      },
      async (ferry) => {
        const answer = await createUpload(ferry, user, { name: 'new', size }).set(
          'Idempotency-Key',
          `${key}${size}`.replaceAll(' ', '-'),
        );
        answered = answer.status === 201 ? (answer.body as ShownUpload) : undefined;
      },
      async (ferry, done) => {
        const rows = await ferry.services.uploads.list(user.id, { limit: 100, before: null });
        const mine = rows.filter(({ upload }) => upload.size === size);
        expect(mine).toHaveLength(done.includes('commit') ? 1 : 0);
        if (answered) await getUpload(ferry, user, answered.id).expect(200, answered);
        for (const { upload } of mine) {
          await sendChunk(ferry, user, upload.id, 0, Buffer.alloc(size)).expect(200);
          await abort(ferry, user, upload.id).expect(204);
        }
      },
    );
  });

  it('between any two steps of aborting leaves an upload that is open, or gone', async () => {
    const bytes = randomBytes(100);
    let upload: TestUpload;
    await atEveryStep(
      async (ferry) => {
        upload = await makeUpload(ferry, user, { size: 100, chunkSize: 50 });
        await sendAll(ferry, user, upload, bytes);
      },
      async (ferry) => {
        await abort(ferry, user, upload.id);
      },
      async (ferry, done) => {
        if (done.includes('commit')) await getUpload(ferry, user, upload.id).expect(410);
        else await complete(ferry, user, upload.id, { sha256: sha256Of(bytes) }).expect(201);
      },
    );
  });

  it('leaves parts of nothing, which go after the grace period', async () => {
    const later = await startFerry({ directory, now: () => new Date(Date.now() + 2 * 60 * 60 * 1000) });
    try {
      expect((await partsOf(later)).length).toBeGreaterThan(0);
      expect((await later.services.maintenance.run()).deletedParts).toBeGreaterThan(0);
      const open = (await later.stores.sql.uploads.listOf(user.id, { limit: 1000, before: null })).filter(
        ({ state }) => state === 'open',
      );
      expect((await partsOf(later)).sort()).toEqual(open.map(({ id }) => id).sort());
    } finally {
      await later.stop();
    }
  });
});
