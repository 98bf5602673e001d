import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, open, rm, statfs } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import request from 'supertest';
import { makeUpload, makeUser, sha256Of, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { checkStorage } from '../support/storage-check';
import { TusClient } from '../support/tus';
import {
  chunkOf,
  complete,
  contentOf,
  createUpload,
  getUpload,
  listFiles,
  sendAll,
  sendChunk,
  type ShownFile,
} from '../support/uploads';

const MIB = 2 ** 20;

/** A file system of its own, so small that it can be filled. */
class SmallDisk {
  private constructor(readonly folder: string) {}

  static async mount(mib: number): Promise<SmallDisk> {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'ferry-small-disk-'));
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mib}m`, 'tmpfs', folder], { stdio: 'pipe' });
    } catch (error) {
      await rm(folder, { recursive: true });
      throw new Error('These tests mount a small tmpfs, which needs Linux and root.', { cause: error });
    }
    return new SmallDisk(folder);
  }

  /** Leaves room for nothing. */
  async fill(): Promise<void> {
    const handle = await open(this.filler, 'w');
    const { bavail, bsize } = await statfs(this.folder);
    await handle.writeFile(Buffer.alloc(bavail * bsize));
    await handle.close();
  }

  makeRoom(): Promise<void> {
    return rm(this.filler);
  }

  async unmount(): Promise<void> {
    execFileSync('umount', [this.folder]);
    await rm(this.folder, { recursive: true });
  }

  private get filler(): string {
    return path.join(this.folder, 'filler');
  }
}

describe.each([['UPLOADS_DIR'], ['DATA_DIR']])('a disk that is full under %s', (setting) => {
  const bytes = randomBytes(3 * MIB);
  let disk: SmallDisk;
  let ferry: Ferry;
  let user: TestUser;

  beforeAll(async () => {
    disk = await SmallDisk.mount(24);
    const folder = path.join(disk.folder, 'ferry');
    await mkdir(folder);
    ferry = await startFerry({ settings: { [setting]: folder } });
    user = await makeUser(ferry);
  });

  afterAll(async () => {
    await ferry.stop();
    await disk.unmount();
  });

  it('takes no chunk, and the upload goes on when there is room', async () => {
    const upload = await makeUpload(ferry, user, { size: bytes.length, chunkSize: MIB });
    await sendChunk(ferry, user, upload.id, 1, chunkOf(upload, bytes, 1)).expect(200);
    await disk.fill();
    const full = await sendChunk(ferry, user, upload.id, 0, chunkOf(upload, bytes, 0)).expect(507);
    expect(full.body).toMatchObject({ code: 'out_of_space' });
    const shown = await getUpload(ferry, user, upload.id).expect(200);
    expect(shown.body).toMatchObject({ state: 'open', received: [[1, 1]], receivedBytes: MIB });
    await disk.makeRoom();
    await sendAll(ferry, user, upload, bytes);
    const done = await complete(ferry, user, upload.id, { sha256: sha256Of(bytes) }).expect(201);
    const content = await contentOf(ferry, user, (done.body as { file: ShownFile }).file);
    expect(sha256Of(content)).toBe(sha256Of(bytes));
  });

  it('takes no new upload', async () => {
    await disk.fill();
    await createUpload(ferry, user, { name: 'a', size: MIB }).expect(507);
    await disk.makeRoom();
    await createUpload(ferry, user, { name: 'a', size: MIB }).expect(201);
  });

  it('takes no bytes by tus, and the upload goes on when there is room', async () => {
    const own = Buffer.from(bytes).reverse();
    const tus = new TusClient(ferry, user);
    const address = await tus.open({ 'Upload-Length': String(own.length) });
    await tus.patch(address, 0, own.subarray(0, MIB)).expect(204);
    await disk.fill();
    await tus.patch(address, MIB, own.subarray(MIB)).expect(507);
    const { headers } = await tus.head(address).expect(200);
    expect(Number(headers['upload-offset'])).toBeGreaterThanOrEqual(MIB);
    await disk.makeRoom();
    const offset = Number((await tus.head(address).expect(200)).headers['upload-offset']);
    await tus.patch(address, offset, own.subarray(offset)).expect(204);
    const files = await listFiles(ferry, user);
    expect(files.map(({ sha256 }) => sha256)).toContain(sha256Of(own));
  });

  it('keeps what is there readable, and nothing wrong stays', async () => {
    const [file] = await listFiles(ferry, user);
    await disk.fill();
    expect(sha256Of(await contentOf(ferry, user, file!))).toBe(file!.sha256);
    await request(ferry.url).get('/healthz').expect(200);
    await disk.makeRoom();
    await ferry.services.maintenance.run();
    expect(await checkStorage(ferry.config.dataDirectory, ferry.config.uploadsDirectory)).toEqual([]);
  });
});
