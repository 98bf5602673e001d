import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { makeUser, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { contentOf, listFiles, type ShownFile } from '../support/uploads';

const MIB = 2 ** 20;

interface Line {
  url?: string | null;
  accepted?: number;
  method?: string;
  status?: number;
  fileId?: string | null;
  done?: boolean;
  error?: string;
}

describe('tus-js-client', () => {
  const bytes = randomBytes(12 * MIB + 345);
  let ferry: Ferry;
  let user: TestUser;
  let directory: string;
  let file: string;

  beforeAll(async () => {
    ferry = await startFerry();
    directory = await mkdtemp(path.join(os.tmpdir(), 'ferry-tus-'));
    file = path.join(directory, 'source.bin');
    await writeFile(file, bytes);
  });

  beforeEach(async () => {
    user = await makeUser(ferry);
  });

  afterAll(async () => {
    await ferry.stop();
    await rm(directory, { recursive: true });
  });

  /** Runs the client to its end, whatever it is. @returns what it said */
  async function upload(options: object, more: object = {}): Promise<Line[]> {
    const task = {
      file,
      options: {
        endpoint: `${ferry.url}/tus/`,
        headers: user.auth,
        metadata: { filename: '渡船 图.bin', filetype: 'application/x-ferry' },
        ...options,
      },
      ...more,
    };
    const child = spawn(process.execPath, [path.join(__dirname, 'tus-upload.js'), JSON.stringify(task)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    await new Promise((resolve) => child.once('close', resolve));
    return text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
  }

  async function expectFile(lines: Line[], name = '渡船 图.bin'): Promise<ShownFile> {
    expect(lines.at(-1)).toMatchObject({ done: true });
    const [found, ...others] = await listFiles(ferry, user);
    expect(others).toEqual([]);
    expect(found).toMatchObject({ name, size: bytes.length });
    expect((await contentOf(ferry, user, found!)).equals(bytes)).toBe(true);
    return found!;
  }

  it('uploads a file with a Chinese name in one request', async () => {
    const lines = await upload({});
    const found = await expectFile(lines);
    expect(found.type).toBe('application/x-ferry');
    expect(lines.filter(({ method }) => method).map(({ method, status }) => [method, status])).toEqual([
      ['POST', 201],
      ['PATCH', 204],
    ]);
    expect(lines.find(({ fileId }) => fileId)?.fileId).toBe(found.id);
  });

  it('uploads it with the creation', async () => {
    const lines = await upload({ uploadDataDuringCreation: true });
    await expectFile(lines);
    expect(lines.filter(({ method }) => method)).toHaveLength(1);
  });

  it('is killed, and goes on in another process by the address that it kept', async () => {
    const first = await upload({ chunkSize: MIB }, { stopAfter: 5 * MIB });
    const { url } = first.find((line) => line.url)!;
    expect(first.at(-1)).toEqual({ accepted: 5 * MIB });
    const second = await upload({ chunkSize: MIB, uploadUrl: url });
    await expectFile(second);
    const accepted = second.flatMap((line) => line.accepted ?? []);
    expect(accepted[0]).toBe(6 * MIB);
    // Once more: there is nothing to send.
    const third = await upload({ uploadUrl: url });
    expect(third.filter(({ method }) => method).map(({ method }) => method)).toEqual(['HEAD']);
    await expectFile(third);
  });

  it('begins anew where the file was deleted since', async () => {
    const first = await upload({});
    const { id } = await expectFile(first);
    await ferry.services.files.delete(user.id, id);
    const { url } = first.find((line) => line.url)!;
    await expectFile(await upload({ uploadUrl: url }));
  });

  it('sends four pieces at once, which are then one file', async () => {
    const lines = await upload({ parallelUploads: 4, chunkSize: MIB });
    await expectFile(lines);
    expect(lines.filter(({ method, status }) => method === 'POST' && status === 201)).toHaveLength(5);
  });

  it('sends a stream whose length it learns at its end', async () => {
    await expectFile(await upload({ uploadLengthDeferred: true, chunkSize: 5 * MIB }, { stream: true }));
  });

  it('sends PATCH as POST', async () => {
    const lines = await upload({ overridePatchMethod: true });
    await expectFile(lines);
    expect(lines.map(({ method }) => method)).not.toContain('PATCH');
  });

  describe.each(['ietf-draft-03', 'ietf-draft-05'])('by %s', (protocol) => {
    const draft = { protocol, metadata: {} };

    it('uploads a file in one request, or in several', async () => {
      const endpoint = `${ferry.url}/upload-draft/?name=whole.bin`;
      await expectFile(await upload({ ...draft, endpoint }), 'whole.bin');
      const [{ id } = { id: '' }] = await listFiles(ferry, user);
      await ferry.services.files.delete(user.id, id);
      await expectFile(await upload({ ...draft, endpoint, chunkSize: 3 * MIB }), 'whole.bin');
    });

    it('is killed, and goes on in another process', async () => {
      const endpoint = `${ferry.url}/upload-draft/`;
      const first = await upload({ ...draft, endpoint, chunkSize: MIB }, { stopAfter: 5 * MIB });
      const { url } = first.find((line) => line.url)!;
      const second = await upload({ ...draft, endpoint, chunkSize: MIB, uploadUrl: url });
      expect(second.flatMap((line) => line.accepted ?? [])[0]).toBe(6 * MIB);
      await expectFile(second, 'file');
    });
  });
});
