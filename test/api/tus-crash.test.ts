import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { makeUser, sha256Of, type TestUser } from '../support/factories';
import { CrashingStores } from '../support/faults';
import { startFerry, type Ferry } from '../support/ferry';
import { idOf, TusClient } from '../support/tus';
import { contentOf, listFiles, partsOf } from '../support/uploads';

// Each test runs a few dozen servers, one after the other.
jest.setTimeout(300_000);

/** More steps than any of the calls has. */
const ENOUGH = 60;

describe('a process that dies while somebody uploads by tus', () => {
  let directory: string;
  let user: TestUser;

  beforeAll(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'ferry-tus-crash-'));
    await serve(undefined, async (ferry) => {
      user = await makeUser(ferry);
    });
  });

  afterAll(() => rm(directory, { recursive: true, force: true }));

  async function serve(
    crashing: CrashingStores | undefined,
    work: (ferry: Ferry, tus: TusClient) => Promise<void>,
  ): Promise<void> {
    const ferry = await startFerry({ directory, ...(crashing && { wrapStores: crashing.wrap }) });
    try {
      await work(ferry, new TusClient(ferry, user));
    } finally {
      await ferry.stop();
    }
  }

  /** Calls `work` on servers that die one step later each time, until one of them lives to its end. */
  async function atEveryStep(
    prepare: (tus: TusClient) => Promise<void>,
    work: (tus: TusClient) => Promise<void>,
    check: (ferry: Ferry, tus: TusClient) => Promise<void>,
  ): Promise<string[]> {
    for (let steps = 0; steps < ENOUGH; steps += 1) {
      const crashing = new CrashingStores();
      await serve(crashing, async (_ferry, tus) => {
        await prepare(tus);
        crashing.dieAfter(steps);
        await work(tus);
      });
      await serve(undefined, check);
      if (!crashing.dead) return crashing.steps;
    }
    throw new Error('it never came to its end');
  }

  async function expectFiles(ferry: Ferry, ...contents: Buffer[]): Promise<void> {
    const files = await listFiles(ferry, user);
    expect(files.map(({ sha256 }) => sha256).sort()).toEqual(contents.map(sha256Of).sort());
    for (const file of files) {
      expect(sha256Of(await contentOf(ferry, user, file))).toBe(file.sha256);
      await ferry.services.files.delete(user.id, file.id);
    }
  }

  it.each(['HEAD', 'the clean-up'])(
    'between any two steps of the last bytes leaves an upload that goes on, and %s completes what is whole',
    async (who) => {
      const bytes = randomBytes(2000);
      let address = '';
      let answered = false;
      const steps = await atEveryStep(
        async (tus) => {
          address = await tus.open({ 'Upload-Length': '2000' });
          await tus.patch(address, 0, bytes.subarray(0, 1500)).expect(204);
        },
        async (tus) => {
          answered = (await tus.patch(address, 1500, bytes.subarray(1500))).status === 204;
        },
        async (ferry, tus) => {
          if (who === 'the clean-up') await ferry.services.maintenance.run();
          const head = await tus.head(address).expect(200);
          expect(['1500', '2000']).toContain(head.headers['upload-offset']);
          if (answered) expect(head.headers['upload-offset']).toBe('2000');
          if (head.headers['upload-offset'] === '1500')
            await tus.patch(address, 1500, bytes.subarray(1500)).expect(204);
          else expect(head.headers['ferry-file-id']).toBeDefined();
          await expectFiles(ferry, bytes);
          expect(await ferry.stores.blobs.hasPart(idOf(address))).toBe(false);
        },
      );
      expect(steps).toEqual(expect.arrayContaining(['blobs.writePart', 'extents.add', 'blobs.publishPart']));
      expect(answered).toBe(true);
    },
  );

  it.each(['the same request', 'the clean-up'])(
    'between any two steps of concatenating leaves pieces, or one whole that %s completes',
    async (who) => {
      const pieces = [randomBytes(700), randomBytes(800)];
      let addresses: string[] = [];
      let answered: string | undefined;
      const concat = (tus: TusClient) => tus.create({ 'Upload-Concat': `final;${addresses.join(' ')}` });
      const steps = await atEveryStep(
        async (tus) => {
          addresses = [await tus.piece(pieces[0]!), await tus.piece(pieces[1]!)];
        },
        async (tus) => {
          const answer = await concat(tus);
          answered = answer.status === 201 ? answer.headers['ferry-file-id'] : undefined;
        },
        async (ferry, tus) => {
          if (who === 'the clean-up') await ferry.services.maintenance.run();
          const before = await listFiles(ferry, user);
          const again = await concat(tus).expect(201);
          if (answered !== undefined) expect(again.headers['ferry-file-id']).toBe(answered);
          if (before.length > 0) expect(again.headers['ferry-file-id']).toBe(before[0]?.id);
          await expectFiles(ferry, Buffer.concat(pieces));
          for (const address of addresses)
            expect((await tus.head(address).expect(200)).headers['upload-offset']).toMatch(/^[78]00$/);
          const open = await partsOf(ferry);
          for (const address of addresses) expect(open).not.toContain(idOf(address));
        },
      );
      expect(steps).toEqual(expect.arrayContaining(['uploads.join', 'blobs.joinParts', 'uploads.endJoined']));
      expect(answered).toBeDefined();
    },
  );

  it('between any two steps of terminating a whole leaves it, or ends it with its pieces', async () => {
    let [piece, whole] = ['', ''];
    await atEveryStep(
      async (tus) => {
        piece = await tus.piece(randomBytes(300));
      },
      async (tus) => {
        // It has another SHA-256 than is said of it.
        const made = await tus.create({
          'Upload-Concat': `final;${piece}`,
          'Upload-Metadata': `sha256 ${Buffer.from('0'.repeat(64)).toString('base64')}`,
        });
        whole = made.headers['location'] ?? '';
      },
      async (ferry, tus) => {
        await ferry.services.maintenance.run();
        const record = await ferry.stores.sql.uploads.find(idOf(piece));
        expect(whole).toBe('');
        if (record?.joinedTo === null) await tus.head(piece).expect(200);
        else await tus.head(piece).expect(410);
        expect(await listFiles(ferry, user)).toEqual([]);
      },
    );
  });
});
