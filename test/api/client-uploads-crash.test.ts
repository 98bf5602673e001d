import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import request from 'supertest';
import { makeUser, sha256Of, type TestUser } from '../support/factories';
import { CrashingStores } from '../support/faults';
import { startFerry, type Ferry } from '../support/ferry';
import { listFiles } from '../support/uploads';

// It runs a few dozen servers, one after the other.
jest.setTimeout(300_000);

const S = 1000;
/** More steps than taking a chunk has. */
const ENOUGH = 60;

describe('a process that dies while it takes a chunk whose place only now is known', () => {
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

  const post = (ferry: Ferry, what: string) => request(ferry.url).post(`/compat/${what}`).set(user.auth);
  const sendChunk = (ferry: Ferry, fileHash: string, index: number, bytes: Buffer) =>
    post(ferry, 'chunk')
      .attach('chunk', bytes.subarray(index * S, (index + 1) * S), 'blob')
      .field({ hash: `${fileHash}-${index}`, filename: 'a.bin', fileHash });

  it('keeps every chunk that was acknowledged, and only those', async () => {
    for (let steps = 0; steps < ENOUGH; steps += 1) {
      const bytes = randomBytes(2300);
      const fileHash = sha256Of(bytes);
      const crashing = new CrashingStores();
      let answered = 0;
      await serve(crashing, async (ferry) => {
        // The last one, which is shorter: it waits, and moves when the next one comes.
        await sendChunk(ferry, fileHash, 2, bytes).expect(200);
        crashing.dieAfter(steps);
        answered = (await sendChunk(ferry, fileHash, 0, bytes)).status;
      });
      await serve(undefined, async (ferry) => {
        await ferry.services.maintenance.start();
        const verified = await post(ferry, 'verify').send({ fileHash, filename: 'a.bin' }).expect(200);
        const { uploadedList } = verified.body as { uploadedList: string[] };
        expect(uploadedList).toContain(`${fileHash}-2`);
        if (answered === 200) expect(uploadedList).toContain(`${fileHash}-0`);
        for (const index of [0, 1, 2]) {
          if (!uploadedList.includes(`${fileHash}-${index}`))
            await sendChunk(ferry, fileHash, index, bytes).expect(200);
        }
        await post(ferry, 'merge').send({ fileHash, filename: 'a.bin', size: S }).expect(200);
        const [file] = await listFiles(ferry, user);
        expect(file).toMatchObject({ size: 2300, sha256: fileHash });
      });
      if (!crashing.dead) {
        expect(answered).toBe(200);
        expect(crashing.steps.filter((step) => step === 'commit')).toHaveLength(2);
        return;
      }
    }
    throw new Error('it never came to its end');
  });
});
