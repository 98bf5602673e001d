import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { makeUser, sha256Of, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { run } from '../support/programs';
import { contentOf, listFiles } from '../support/uploads';

const MIB = 2 ** 20;

describe('curl, uploading by the draft', () => {
  const bytes = randomBytes(9 * MIB);
  let ferry: Ferry;
  let user: TestUser;
  let directory: string;

  beforeAll(async () => {
    ferry = await startFerry();
    directory = await mkdtemp(path.join(os.tmpdir(), 'ferry-curl-'));
    await writeFile(path.join(directory, 'whole.bin'), bytes);
    await writeFile(path.join(directory, 'first.bin'), bytes.subarray(0, 4 * MIB));
    await writeFile(path.join(directory, 'rest.bin'), bytes.subarray(4 * MIB));
  });

  beforeEach(async () => {
    user = await makeUser(ferry);
  });

  afterAll(async () => {
    await ferry.stop();
    await rm(directory, { recursive: true });
  });

  /** @returns what curl showed of all answers, heads included */
  async function curl(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await run(
      'curl',
      ['-sS', '-i', '-H', `Authorization: ${user.auth.Authorization}`, ...args],
      directory,
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return stdout;
  }

  async function expectFile(name: string): Promise<void> {
    const [file] = await listFiles(ferry, user);
    expect(file).toMatchObject({ name, sha256: sha256Of(bytes) });
    expect((await contentOf(ferry, user, file!)).equals(bytes)).toBe(true);
  }

  const draft = ['-H', 'Upload-Draft-Interop-Version: 6'];

  it('sends a file without a word of the draft', async () => {
    const shown = await curl(
      ...['--data-binary', '@whole.bin', '-H', 'Content-Type: application/octet-stream'],
      `${ferry.url}/upload-draft/?name=whole.bin`,
    );
    expect(shown).toMatch(/HTTP\/1\.1 201 Created/);
    expect(shown).not.toContain('104');
    await expectFile('whole.bin');
  });

  it('is told where to go on, sends a beginning, asks, and sends the rest', async () => {
    const begun = await curl(
      ...draft,
      ...['-H', 'Upload-Complete: ?0', '-H', 'Content-Disposition: inline; filename="cut.bin"'],
      ...['--data-binary', '@first.bin', `${ferry.url}/upload-draft/`],
    );
    expect(begun).toMatch(/HTTP\/1\.1 104 Upload Resumption Supported\r\n[^]*HTTP\/1\.1 201 Created/);
    const [, address = ''] = /\r\nLocation: (\S+)\r\n/i.exec(begun) ?? [];
    const asked = await curl(...draft, '-I', `${ferry.url}${address}`);
    expect(asked).toMatch(new RegExp(`HTTP/1\\.1 204[^]*\r\nUpload-Offset: ${4 * MIB}\r\n`, 'i'));
    const ended = await curl(
      ...draft,
      ...['-X', 'PATCH', '-H', 'Upload-Complete: ?1', '-H', `Upload-Offset: ${4 * MIB}`],
      ...['-H', 'Content-Type: application/partial-upload', '--data-binary', '@rest.bin'],
      `${ferry.url}${address}`,
    );
    expect(ended).toMatch(/HTTP\/1\.1 201 Created/);
    await expectFile('cut.bin');
  });

  it('sends a stream whose length nobody knows', async () => {
    const shown = await curl(
      ...[...draft, '-H', 'Upload-Complete: ?1', '-X', 'POST', '-H', 'Transfer-Encoding: chunked'],
      ...['-T', 'whole.bin', `${ferry.url}/upload-draft?name=stream.bin`],
    );
    expect(shown).toMatch(/HTTP\/1\.1 104 [^]*\r\nUpload-Offset: \d+\r\n[^]*HTTP\/1\.1 201 Created/);
    await expectFile('stream.bin');
  });
});
