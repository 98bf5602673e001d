import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { readSigningKeys } from '../../../src/bin/signing-keys';
import { ConfigError, readConfig } from '../../../src/config';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'ferry-keys-'));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

async function file(name: string, text: string): Promise<string> {
  const target = path.join(directory, name);
  await writeFile(target, text);
  return target;
}

const elliptic = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).privateKey;
const pem = (key: ReturnType<typeof elliptic>, type: 'pkcs8' | 'sec1' = 'pkcs8') =>
  key.export({ type, format: 'pem' }) as string;
const publicPem = (key: ReturnType<typeof elliptic>) =>
  createPublicKey(key).export({ type: 'spki', format: 'pem' }) as string;
const files = (current: string | null, previous: string | null = null, next: string | null = null) => ({
  current,
  previous,
  next,
});

describe('the files of signing keys', () => {
  const key = elliptic('P-256');

  it('are none without settings', async () => {
    expect(await readSigningKeys(files(null))).toBeNull();
  });

  it.each([
    ['PKCS #8', pem(key)],
    ['SEC 1, as openssl ecparam writes it', pem(key, 'sec1')],
    ['text around it', `a key of ours\n${pem(key)}`],
  ])('may hold a private key: %s', async (_, text) => {
    const ring = await readSigningKeys(files(await file('good.pem', text)));
    expect(ring?.current).toMatchObject({ algorithm: 'ES256', id: ring?.all[0]?.id });
    expect(ring?.current.sign?.type).toBe('private');
    expect(ring?.current.check.type).toBe('public');
  });

  it('may hold public keys where nothing is to be signed', async () => {
    const current = await file('current.pem', pem(key));
    const [previous, next] = await Promise.all([
      file('previous.pem', publicPem(elliptic('P-256'))),
      file('next.pem', publicPem(elliptic('P-256'))),
    ]);
    const ring = await readSigningKeys(files(current, previous, next));
    expect(ring?.all.map(({ sign }) => sign?.type)).toEqual(['private', undefined, undefined]);
  });

  const bad: [string, string | null, RegExp][] = [
    ['nothing at all', null, /ENOENT/],
    ['no PEM', 'a password', /./],
    ['an empty file', '', /./],
    ['half a key', pem(key).slice(0, 100), /./],
    ['a key of P-384', pem(elliptic('P-384')), /not a key of the curve P-256/],
    ['a key of secp256k1', pem(elliptic('secp256k1')), /not a key of the curve P-256/],
    [
      'an RSA key',
      generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
        type: 'pkcs8',
        format: 'pem',
      }) as string,
      /not a key of the curve P-256/,
    ],
    [
      'a key behind a passphrase',
      key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }) as string,
      /./,
    ],
  ];

  it.each(bad)('stop the start by the name of the setting: %s', async (_, text, reason) => {
    const good = await file('good.pem', pem(key));
    const wrong = text === null ? path.join(directory, 'missing.pem') : await file('bad.pem', text);
    const rows = [
      ['JWT_KEY_FILE', files(wrong)],
      ['JWT_KEY_FILE_PREVIOUS', files(good, wrong)],
      ['JWT_KEY_FILE_NEXT', files(good, null, wrong)],
    ] as const;
    for (const [setting, given] of rows) {
      const error = await readSigningKeys(given).catch((thrown: unknown) => thrown as Error);
      expect(error).toBeInstanceOf(ConfigError);
      const { message } = error as Error;
      expect(message).toMatch(new RegExp(`^${setting} should name a PEM file with a P-256`));
      expect(message).toMatch(reason);
    }
  });

  it('stop the start when the current one is a public key', async () => {
    const reading = readSigningKeys(files(await file('public.pem', publicPem(key))));
    await expect(reading).rejects.toThrow(
      'JWT_KEY_FILE should name a PEM file with a P-256 private key: it is a public key',
    );
  });
});

describe('the settings of signing keys', () => {
  it.each([
    ['JWT_SECRET', { JWT_SECRET: 'x'.repeat(31) }, 'JWT_SECRET should have at least 32 characters'],
    [
      'JWT_SECRET_PREVIOUS',
      { JWT_SECRET_PREVIOUS: 'short' },
      'JWT_SECRET_PREVIOUS should have at least 32 characters',
    ],
    ['JWT_SECRET_NEXT', { JWT_SECRET_NEXT: 'short' }, 'JWT_SECRET_NEXT should have at least 32 characters'],
    [
      'JWT_KEY_FILE_PREVIOUS alone',
      { JWT_KEY_FILE_PREVIOUS: 'a.pem' },
      'JWT_KEY_FILE_PREVIOUS is of use only with JWT_KEY_FILE',
    ],
    [
      'JWT_KEY_FILE_NEXT alone',
      { JWT_KEY_FILE_NEXT: 'a.pem' },
      'JWT_KEY_FILE_NEXT is of use only with JWT_KEY_FILE',
    ],
  ])('are refused: %s', (_, settings, message) => {
    expect(() => readConfig(settings)).toThrow(new ConfigError([message]));
  });
});
