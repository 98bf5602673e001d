import { randomBytes } from 'node:crypto';
import { until } from '../contract/until';
import { makeUpload, makeUser, sha256Of, type TestUpload, type TestUser } from '../support/factories';
import { withBlobs } from '../support/faults';
import { startFerry, type Ferry } from '../support/ferry';
import {
  abort,
  chunkPath,
  complete,
  contentOf,
  getUpload,
  listFiles,
  partsOf,
  sendAll,
  sendChunk,
  type ShownFile,
} from '../support/uploads';
import { requestHead, Wire } from '../support/wire';

const KIB = 1024;

describe('two clients', () => {
  let ferry: Ferry;
  let user: TestUser;
  type Hooks = Partial<Record<'hashPart' | 'publishPart' | 'writePart', () => Promise<unknown>>>;
  /** What happens before the store does its work, and after it, before anybody knows. */
  let before: Hooks = {};
  let after: Hooks = {};
  /** Uploads of which bytes are being written. */
  const writing = new Set<string>();

  beforeAll(async () => {
    ferry = await startFerry({
      wrapStores: withBlobs((blobs) => ({
        hashPart: async (id, size) => {
          await before.hashPart?.();
          return blobs.hashPart(id, size);
        },
        publishPart: async (id, sha256) => {
          await before.publishPart?.();
          await blobs.publishPart(id, sha256);
          await after.publishPart?.();
        },
        writePart: async (id, start, source) => {
          writing.add(id);
          const count = await blobs.writePart(id, start, source);
          await after.writePart?.();
          return count;
        },
      })),
    });
    user = await makeUser(ferry);
  });

  beforeEach(() => {
    before = {};
    after = {};
  });

  afterAll(() => ferry.stop());

  /** Begins a PUT and sends the first half of its body. */
  async function half(upload: TestUpload, index: number, body: Buffer): Promise<Wire> {
    const wire = await Wire.connect(ferry);
    const head = requestHead('PUT', chunkPath(upload.id, index), [
      ['Authorization', user.auth.Authorization],
      ['Content-Length', String(body.length)],
    ]);
    await wire.send(head, body.subarray(0, body.length / 2));
    return wire;
  }

  const secondHalf = (body: Buffer): Buffer => body.subarray(body.length / 2);

  it('with the same bytes of one chunk both succeed', async () => {
    const bytes = randomBytes(512 * KIB);
    const upload = await makeUpload(ferry, user, { size: bytes.length, chunkSize: bytes.length });
    const [one, two] = [await half(upload, 0, bytes), await half(upload, 0, bytes)];
    await two.send(secondHalf(bytes));
    await one.send(secondHalf(bytes));
    expect([(await one.answer()).status, (await two.answer()).status]).toEqual([200, 200]);
    const done = await complete(ferry, user, upload.id).expect(201);
    expect((done.body as { file: ShownFile }).file.sha256).toBe(sha256Of(bytes));
    one.destroy();
    two.destroy();
  });

  it('with different bytes of one chunk: one succeeds, and its bytes alone are kept', async () => {
    for (let round = 0; round < 5; round += 1) {
      const [a, b] = [Buffer.alloc(256 * KIB, 'a'), Buffer.alloc(256 * KIB, 'b')];
      const upload = await makeUpload(ferry, user, { size: a.length, chunkSize: a.length });
      const wires = [await half(upload, 0, a), await half(upload, 0, b)];
      await Promise.all([wires[0]!.send(secondHalf(a)), wires[1]!.send(secondHalf(b))]);
      const statuses = await Promise.all(wires.map(async (wire) => (await wire.answer()).status));
      expect([...statuses].sort()).toEqual([200, 409]);
      const done = await complete(ferry, user, upload.id).expect(201);
      const content = await contentOf(ferry, user, (done.body as { file: ShownFile }).file);
      expect(sha256Of(content)).toBe(sha256Of(statuses[0] === 200 ? a : b));
      for (const wire of wires) wire.destroy();
    }
  });

  it('one of whom goes away in the middle of a chunk: the other one gets it', async () => {
    const bytes = randomBytes(512 * KIB);
    const upload = await makeUpload(ferry, user, { size: bytes.length, chunkSize: bytes.length });
    const first = await half(upload, 0, Buffer.alloc(bytes.length, 'x'));
    await until(() => writing.has(upload.id));
    const second = await half(upload, 0, bytes);
    await second.send(secondHalf(bytes));
    first.socket.resetAndDestroy();
    expect((await second.answer()).status).toBe(200);
    const done = await complete(ferry, user, upload.id).expect(201);
    expect((done.body as { file: ShownFile }).file.sha256).toBe(sha256Of(bytes));
    second.destroy();
  });

  it('who abort while a chunk comes: the chunk is gone with the upload', async () => {
    const bytes = randomBytes(512 * KIB);
    const upload = await makeUpload(ferry, user, { size: bytes.length, chunkSize: bytes.length });
    const wire = await half(upload, 0, bytes);
    await until(() => writing.has(upload.id));
    await abort(ferry, user, upload.id).expect(204);
    await wire.send(secondHalf(bytes));
    const answer = await wire.answer();
    expect([answer.status, JSON.parse(answer.body.toString())]).toEqual([
      410,
      expect.objectContaining({ code: 'gone' }),
    ]);
    expect(await partsOf(ferry)).not.toContain(upload.id);
    expect(await ferry.stores.sql.extents.listOf(upload.id)).toEqual([]);
    wire.destroy();
  });

  it('who abort while a chunk is checked that is there already: 410', async () => {
    const bytes = randomBytes(512 * KIB);
    const upload = await makeUpload(ferry, user, { size: 2 * bytes.length, chunkSize: bytes.length });
    await sendChunk(ferry, user, upload.id, 0, bytes).expect(200);
    const answers = await Promise.all([
      ...Array.from({ length: 8 }, () => sendChunk(ferry, user, upload.id, 0, bytes)),
      abort(ferry, user, upload.id),
    ]);
    expect(answers.pop()!.status).toBe(204);
    for (const { status } of answers) expect([200, 410]).toContain(status);
    expect(await partsOf(ferry)).not.toContain(upload.id);
  });

  it.each(['hashPart', 'publishPart'] as const)('who abort just before %s: no file', async (step) => {
    const bytes = randomBytes(1000);
    const upload = await makeUpload(ferry, user, { size: 1000, chunkSize: 500 });
    await sendAll(ferry, user, upload, bytes);
    const files = await listFiles(ferry, user);
    before[step] = () => abort(ferry, user, upload.id).expect(204);
    const answer = await complete(ferry, user, upload.id).expect(410);
    expect(answer.body).toMatchObject({ code: 'gone' });
    await getUpload(ferry, user, upload.id).expect(410);
    expect(await listFiles(ferry, user)).toEqual(files);
    expect(await partsOf(ferry)).not.toContain(upload.id);
  });

  it('who abort when a chunk is written and not recorded yet: 410', async () => {
    const upload = await makeUpload(ferry, user, { size: 1000, chunkSize: 500 });
    after.writePart = () => abort(ferry, user, upload.id).expect(204);
    await sendChunk(ferry, user, upload.id, 0, randomBytes(500)).expect(410);
    expect(await ferry.stores.sql.extents.listOf(upload.id)).toEqual([]);
    expect(await partsOf(ferry)).not.toContain(upload.id);
  });

  it('who abort when the content is in its place and has no file yet: no file, and the content goes', async () => {
    const bytes = randomBytes(1000);
    const upload = await makeUpload(ferry, user, { size: 1000, chunkSize: 500 });
    await sendAll(ferry, user, upload, bytes);
    after.publishPart = () => abort(ferry, user, upload.id).expect(204);
    await complete(ferry, user, upload.id).expect(410);
    expect((await listFiles(ferry, user)).map(({ sha256 }) => sha256)).not.toContain(sha256Of(bytes));
    expect(await ferry.stores.sql.blobs.find(sha256Of(bytes))).toMatchObject({ references: 0 });
  });

  it('who complete and abort at once: either a file or none, and both answers say so', async () => {
    for (let round = 0; round < 10; round += 1) {
      const bytes = randomBytes(1000);
      const upload = await makeUpload(ferry, user, { size: 1000, chunkSize: 1000 });
      await sendAll(ferry, user, upload, bytes);
      const calls = [complete(ferry, user, upload.id), abort(ferry, user, upload.id)];
      const answers = await Promise.all(round % 2 === 0 ? calls : [...calls].reverse());
      const statuses = answers.map(({ status }) => status).sort();
      const made = (await listFiles(ferry, user)).filter(({ sha256 }) => sha256 === sha256Of(bytes));
      if (made.length === 1) {
        expect(statuses).toEqual([201, 409]);
        expect(await contentOf(ferry, user, made[0]!)).toEqual(bytes);
      } else {
        expect(made).toEqual([]);
        expect(statuses).toEqual([204, 410]);
      }
      expect(await partsOf(ferry)).not.toContain(upload.id);
    }
  });

  it('one of whom sends a chunk again while the other completes: the file is right', async () => {
    const bytes = randomBytes(64 * KIB);
    const upload = await makeUpload(ferry, user, { size: bytes.length, chunkSize: bytes.length / 4 });
    await sendAll(ferry, user, upload, bytes);
    const again: number[] = [];
    before.publishPart = async () => {
      const same = await sendChunk(ferry, user, upload.id, 0, bytes.subarray(0, bytes.length / 4));
      const other = await sendChunk(ferry, user, upload.id, 1, Buffer.alloc(bytes.length / 4));
      again.push(same.status, other.status);
    };
    const done = await complete(ferry, user, upload.id).expect(201);
    expect(again).toEqual([200, 409]);
    expect(await contentOf(ferry, user, (done.body as { file: ShownFile }).file)).toEqual(bytes);
  });

  it('who abort at once: one does it, the others find it gone', async () => {
    const upload = await makeUpload(ferry, user, { size: 10, chunkSize: 5 });
    const answers = await Promise.all(Array.from({ length: 5 }, () => abort(ferry, user, upload.id)));
    for (const { status } of answers) expect([204, 410]).toContain(status);
    expect(answers.map(({ status }) => status)).toContain(204);
  });
});
