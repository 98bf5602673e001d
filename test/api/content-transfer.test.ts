import { randomBytes } from 'node:crypto';
import { appendFile, readdir, readlink, rename, rm, truncate, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { until } from '../contract/until';
import { API, makeUser, sha256Of, type TestUser } from '../support/factories';
import { withBlobs } from '../support/faults';
import { startFerry, type Ferry } from '../support/ferry';
import { blobPath } from '../support/uploads';
import { requestHead, Wire } from '../support/wire';

const MIB = 2 ** 20;
/** More than the kernel keeps of one connection on its way (`tcp_wmem`, `tcp_rmem`). */
const LARGE = 64 * MIB;

interface Stored {
  target: string;
  sha256: string;
  blob: string;
  bytes: Buffer;
}

describe('a transfer', () => {
  let ferry: Ferry;
  let user: TestUser;
  /** Pieces read, and what waited in the server's memory for each socket at those times. */
  let pieces = 0;
  const waiting: number[] = [];
  const sockets = new Set<Socket>();
  /** Holds the next opening of content back, once it is open. */
  let hold: (() => Promise<void>) | undefined;

  beforeAll(async () => {
    ferry = await startFerry({
      wrapStores: withBlobs((blobs) => ({
        openBlob: async (sha256) => {
          const holding = hold;
          hold = undefined;
          const reader = await blobs.openBlob(sha256);
          await holding?.();
          return {
            size: reader.size,
            close: () => reader.close(),
            async *read(start, end) {
              for await (const piece of reader.read(start, end)) {
                pieces += 1;
                for (const socket of sockets) waiting.push(socket.writableLength);
                yield piece;
              }
            },
          };
        },
      })),
    });
    ferry.server.on('connection', (socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
    user = await makeUser(ferry);
  });

  afterAll(() => ferry.stop());

  async function store(size: number): Promise<Stored> {
    const bytes = randomBytes(MIB);
    const whole = Buffer.concat(Array.from({ length: size / MIB }, () => bytes));
    async function* source(): AsyncGenerator<Buffer> {
      yield await Promise.resolve(whole);
    }
    const staged = await ferry.services.files.stage(source(), 0);
    const file = await ferry.services.files.create(user.id, { name: 'large', visibility: 'public' }, staged);
    const { sha256 } = file;
    return { target: `${API}/files/${file.id}/content`, sha256, blob: blobPath(ferry, sha256), bytes: whole };
  }

  /** A client that has the beginning of the answer and reads no further. */
  async function beginning({ target }: Stored, next = ''): Promise<Wire> {
    const wire = await Wire.connect(ferry);
    await wire.send(requestHead('GET', target) + next);
    await wire.begun();
    wire.socket.pause();
    return wire;
  }

  /** Descriptors of this process that are open on the blob. */
  async function openOn({ sha256 }: Stored): Promise<number> {
    const links = (await readdir('/proc/self/fd')).map((fd) =>
      readlink(`/proc/self/fd/${fd}`).catch(() => ''),
    );
    return (await Promise.all(links)).filter((link) => link.includes(sha256)).length;
  }

  it('to thirty clients that go away leaves no descriptor open', async () => {
    const file = await store(LARGE);
    const wires = await Promise.all(Array.from({ length: 30 }, () => beginning(file)));
    expect(await openOn(file)).toBe(30);
    const open = (await readdir('/proc/self/fd')).length;
    for (const [index, wire] of wires.entries()) {
      if (index % 2 === 0) wire.socket.resetAndDestroy();
      else wire.destroy();
    }
    await until(async () => (await openOn(file)) === 0);
    // Of each client two ends of a connection and one blob.
    await until(async () => (await readdir('/proc/self/fd')).length <= open - 90);
    expect(ferry.logged.filter(({ level }) => level === 50)).toEqual([]);
    const lines = ferry.logged.filter(({ path, msg }) => path === file.target && msg === 'request');
    expect(lines.map(({ status }) => status)).toEqual(Array<number>(30).fill(499));
  });

  it('to clients that go away before it begins leaves no descriptor open', async () => {
    const file = await store(MIB);
    const wires = await Promise.all(Array.from({ length: 10 }, () => Wire.connect(ferry)));
    for (const wire of wires) {
      wire.socket.write(requestHead('GET', file.target));
      wire.destroy();
    }
    const still = await Wire.connect(ferry);
    await still.send(requestHead('GET', file.target));
    expect((await still.answer()).body.equals(file.bytes)).toBe(true);
    still.destroy();
    await until(async () => (await openOn(file)) === 0);
  });

  describe('of twenty ranges at once, the first of which comes last', () => {
    let file: Stored;
    let wire: Wire;

    beforeEach(async () => {
      file = await store(MIB);
      wire = await Wire.connect(ferry);
    });

    /** Asks for them; the first is held back until `first`, when all others have their bytes. */
    async function ask(first: () => Promise<void>): Promise<void> {
      pieces = 0;
      hold = async () => {
        await until(() => pieces === 19);
        await first();
      };
      const range = (i: number) => requestHead('GET', file.target, [['Range', `bytes=${i}-${i + 99}`]]);
      await wire.send(Array.from({ length: 20 }, (_, i) => range(i)).join(''));
    }

    it('goes in the order asked for', async () => {
      await ask(() => Promise.resolve());
      for (let i = 0; i < 20; i += 1) {
        const answer = await wire.answer();
        expect([answer.status, answer.headers['content-range']]).toEqual([
          206,
          `bytes ${i}-${i + 99}/${MIB}`,
        ]);
        expect(answer.body).toEqual(file.bytes.subarray(i, i + 100));
      }
      wire.destroy();
    });

    it('to a client that goes away leaves no descriptor open', async () => {
      let gone = false;
      await ask(() => until(() => gone));
      await until(() => pieces === 19);
      expect(await openOn(file)).toBe(20);
      wire.socket.resetAndDestroy();
      await until(() => sockets.size === 0);
      gone = true;
      await until(async () => (await openOn(file)) === 0);
    });

    it('of HEAD to a client that goes away leaves no descriptor open', async () => {
      let gone = false;
      hold = () => until(() => gone);
      await wire.send(requestHead('HEAD', file.target).repeat(5));
      await until(async () => (await openOn(file)) === 5);
      wire.socket.resetAndDestroy();
      await until(() => sockets.size === 0);
      gone = true;
      await until(async () => (await openOn(file)) === 0);
    });
  });

  it('to a slow reader keeps few pieces in memory', async () => {
    const file = await store(LARGE);
    waiting.length = 0;
    const wire = await beginning(file);
    // It reads on a little at a time, so that the server fills the socket again and again.
    const answer = wire.answer();
    for (let turn = 0; turn < 200; turn += 1) {
      wire.socket.resume();
      await new Promise((resolve) => setImmediate(resolve));
      wire.socket.pause();
    }
    wire.socket.resume();
    expect(sha256Of((await answer).body)).toBe(file.sha256);
    expect(waiting.length).toBeGreaterThanOrEqual(LARGE / MIB);
    expect(Math.max(...waiting)).toBeLessThanOrEqual(MIB / 2);
    wire.destroy();
  });

  it('of content that was truncated before breaks off after what there is', async () => {
    const file = await store(4 * MIB);
    await truncate(file.blob, 3 * MIB);
    const wire = await Wire.connect(ferry);
    await wire.send(requestHead('GET', file.target) + requestHead('GET', `${API}/files`));
    await expect(wire.answer()).rejects.toThrow('the connection ended');
    expect(wire.surplus.length).toBeLessThanOrEqual(3 * MIB);
    expect(file.bytes.subarray(0, wire.surplus.length).equals(wire.surplus)).toBe(true);
    expect(await openOn(file)).toBe(0);
    const part = await Wire.connect(ferry);
    await part.send(requestHead('GET', file.target, [['Range', `bytes=0-${MIB - 1}`]]));
    expect((await part.answer()).body.equals(file.bytes.subarray(0, MIB))).toBe(true);
    part.destroy();
  });

  it('of content that is truncated meanwhile breaks off', async () => {
    const file = await store(LARGE);
    const wire = await beginning(file, requestHead('GET', `${API}/files`));
    await truncate(file.blob, MIB);
    wire.socket.resume();
    await expect(wire.answer()).rejects.toThrow('the connection ended');
    const { surplus } = wire;
    expect(surplus.length).toBeLessThan(LARGE);
    expect(file.bytes.subarray(0, surplus.length).equals(surplus)).toBe(true);
    await until(async () => (await openOn(file)) === 0);
  });

  it.each<[string, (file: Stored) => Promise<unknown>]>([
    ['appended to', ({ blob }) => appendFile(blob, Buffer.alloc(MIB, 'x'))],
    ['unlinked', ({ blob }) => rm(blob)],
    [
      'replaced',
      async ({ blob }) => {
        await writeFile(`${blob}.new`, Buffer.alloc(LARGE, 'y'));
        await rename(`${blob}.new`, blob);
      },
    ],
  ])('of content that is %s meanwhile ends as it began', async (_what, change) => {
    const file = await store(LARGE);
    const wire = await beginning(file, requestHead('GET', `${API}/files/${'0'.repeat(26)}`));
    await change(file);
    wire.socket.resume();
    const answer = await wire.answer();
    expect([answer.status, answer.headers['content-length']]).toEqual([200, String(LARGE)]);
    expect(sha256Of(answer.body)).toBe(file.sha256);
    // What follows on the connection is the next answer, not a byte of surplus.
    expect((await wire.answer()).status).toBe(404);
    expect(wire.surplus).toHaveLength(0);
    wire.destroy();
    await until(async () => (await openOn(file)) === 0);
  });

  it('of a file that is deleted and cleaned up meanwhile ends as it began', async () => {
    const file = await store(LARGE);
    const wire = await beginning(file);
    const id = file.target.split('/').at(-2)!;
    await ferry.services.files.delete(user.id, id);
    await ferry.stores.blobs.deleteBlob(file.sha256);
    wire.socket.resume();
    expect(sha256Of((await wire.answer()).body)).toBe(file.sha256);
    wire.destroy();
  });
});
