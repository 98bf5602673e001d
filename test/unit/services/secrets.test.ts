import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { deriveKeys, keptSecret } from '../../../src/services/secrets';

describe('the kept secret', () => {
  let home: string;
  let directory: string;
  let file: string;

  beforeEach(async () => {
    home = await mkdtemp(path.join(os.tmpdir(), 'ferry-secrets-'));
    directory = path.join(home, 'data');
    file = path.join(directory, 'secret');
  });

  afterEach(() => rm(home, { recursive: true, force: true }));

  const modeOf = async (): Promise<number> => (await stat(file)).mode & 0o777;

  it('is made once, random, and readable by its owner alone', async () => {
    const secret = await keptSecret(directory);
    expect(Buffer.from(secret, 'base64url')).toHaveLength(48);
    expect(await modeOf()).toBe(0o600);
    expect(await keptSecret(directory)).toBe(secret);
    expect(await readdir(directory)).toEqual(['secret']);
    expect(await keptSecret(path.join(home, 'another'))).not.toBe(secret);
  });

  it('is the same for many that start at once', async () => {
    const secrets = await Promise.all(Array.from({ length: 20 }, () => keptSecret(directory)));
    expect(new Set(secrets).size).toBe(1);
    expect(await readdir(directory)).toEqual(['secret']);
    expect((await readFile(file, 'utf8')).trim()).toBe(secrets[0]);
  });

  it('is read as it is, and closed to others', async () => {
    await keptSecret(directory);
    await writeFile(file, `${'s'.repeat(32)}\n`, { mode: 0o644 });
    expect(await keptSecret(directory)).toBe('s'.repeat(32));
    expect(await modeOf()).toBe(0o600);
  });

  it.each([
    ['empty', ''],
    ['blank', ' \n'],
    ['too short', 's'.repeat(31)],
  ])('is never replaced when it is damaged: %s', async (_, content) => {
    await keptSecret(directory);
    await writeFile(file, content);
    await expect(keptSecret(directory)).rejects.toThrow(
      `${file} is damaged: it should hold at least 32 characters`,
    );
    expect(await readFile(file, 'utf8')).toBe(content);
  });

  it('is not made where it cannot be kept', async () => {
    await writeFile(directory, 'a file where the folder should be');
    await expect(keptSecret(directory)).rejects.toThrow(/ENOTDIR|EEXIST/);
  });
});

describe('keys', () => {
  const flat = (secret: string) => JSON.stringify(deriveKeys(secret), (_, value: unknown) => value);

  it('are the same for the same secret, and others for another', () => {
    const [one, same, other] = ['a', 'a', 'b'].map((letter) => deriveKeys(letter.repeat(32)));
    expect(one?.accessTokenId).toBe(same?.accessTokenId);
    expect(flat('a'.repeat(32))).toBe(flat('a'.repeat(32)));
    expect(one?.accessTokenId).not.toBe(other?.accessTokenId);
    expect(flat('a'.repeat(32))).not.toBe(flat('b'.repeat(32)));
  });

  it('do not show the secret', () => {
    const secret = 'the secret of this installation, in clear';
    expect(flat(secret)).not.toContain(secret);
    expect(flat(secret)).not.toContain(Buffer.from(secret).toString('base64'));
    expect(deriveKeys(secret).accessTokenId).toMatch(/^[0-9a-f]{16}$/);
  });
});
