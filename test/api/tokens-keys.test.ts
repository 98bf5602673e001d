import { createHmac, createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { JwtPayload } from 'jsonwebtoken';
import request from 'supertest';
import { getKeys } from '../../src/schemas/keys';
import { deriveKeys } from '../../src/services/secrets';
import { makeUser, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { jwsPart, makeKey, me, publishedKeys, signElliptic, tokenParts, type TestKey } from '../support/keys';
import { expectProblem } from '../support/problems';

const NOW = new Date('2026-11-22T08:00:00Z');
const SECONDS = NOW.getTime() / 1000;
const SECRET = 'the secret of this installation alone';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'ferry-keys-'));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

describe('access tokens by ES256', () => {
  let ferry: Ferry;
  let key: TestKey;
  let user: TestUser;
  let header: Record<string, unknown>;
  let claims: JwtPayload;

  beforeAll(async () => {
    key = await makeKey(directory, 'current');
    ferry = await startFerry({ settings: { JWT_KEY_FILE: key.file, JWT_SECRET: SECRET }, now: () => NOW });
    user = await makeUser(ferry);
    ({ header, claims } = tokenParts(user.accessToken));
  });

  afterAll(() => ferry.stop());

  const token = (changes: { header?: object; claims?: object }): string =>
    signElliptic({ ...header, ...changes.header }, { ...claims, ...changes.claims }, key.privateKey);

  const hmac = (algorithm: string, secret: string | Buffer, changes: object = {}): string => {
    const body = `${jwsPart({ ...header, alg: algorithm, ...changes })}.${jwsPart(claims)}`;
    return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`;
  };

  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const strangerJwk = createPublicKey(stranger).export({ format: 'jwk' });
  const { privateKey: p384 } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const ours = deriveKeys(SECRET);

  it('name their key by its thumbprint', () => {
    expect(header).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: key.thumbprint });
    expect(claims).toMatchObject({ iss: 'ferry', aud: 'ferry', sub: user.id, exp: SECONDS + 600 });
  });

  it('can be checked by anybody, with the published key alone', async () => {
    const answer = await request(ferry.url).get('/.well-known/jwks.json').expect(200);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.headers['cache-control']).toBe('public, max-age=300');
    expect(answer.headers['etag']).toMatch(/^"/);
    expect(getKeys.responses[200]?.schema?.parse(answer.body)).toEqual(answer.body);
    expect(answer.body).toEqual({
      keys: [{ ...key.jwk, kid: key.thumbprint, alg: 'ES256', use: 'sig' }],
    });
    const { keys } = answer.body as { keys: (typeof strangerJwk)[] };
    const published = createPublicKey({ key: keys[0] ?? {}, format: 'jwk' });
    const [head = '', body = '', signature = ''] = user.accessToken.split('.');
    const right = verify(
      'sha256',
      Buffer.from(`${head}.${body}`),
      { key: published, dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature, 'base64url'),
    );
    expect(right).toBe(true);
  });

  it.each<[string, () => string]>([
    ['as it was given', () => user.accessToken],
    ['put together here', () => token({})],
    ['that expired 29 s ago', () => token({ claims: { exp: SECONDS - 29 } })],
  ])('are taken: %s', async (_, make) => {
    await me(ferry, make()).expect(200);
  });

  it.each<[string, () => string]>([
    ['HS256 by the public key in PEM', () => hmac('HS256', key.publicPem)],
    ['HS256 by the public key in PEM, trimmed', () => hmac('HS256', key.publicPem.trim())],
    ['HS256 by the public key as a JWK', () => hmac('HS256', JSON.stringify(key.jwk))],
    [
      'HS256 by the public key in DER',
      () => hmac('HS256', createPublicKey(key.privateKey).export({ type: 'spki', format: 'der' })),
    ],
    ['HS256 by the secret of refresh tokens and cookies', () => hmac('HS256', SECRET)],
    [
      'HS256 by the key that would sign without a key file',
      () => hmac('HS256', ours.accessToken.export(), { kid: ours.accessTokenId }),
    ],
    ['alg none', () => `${jwsPart({ ...header, alg: 'none' })}.${jwsPart(claims)}.`],
    ['alg None', () => `${jwsPart({ ...header, alg: 'None' })}.${jwsPart(claims)}.`],
    ['no alg', () => token({ header: { alg: undefined } })],
    ['alg es256', () => token({ header: { alg: 'es256' } })],
    ['alg ES384', () => token({ header: { alg: 'ES384' } })],
    ['alg PS256', () => token({ header: { alg: 'PS256' } })],
    ['a stranger’s key', () => signElliptic(header, claims, stranger)],
    ['a key of another curve', () => signElliptic(header, claims, p384)],
    ['another hash', () => signElliptic(header, claims, key.privateKey, 'sha512')],
    [
      'an embedded jwk',
      () => signElliptic({ ...header, kid: undefined, jwk: strangerJwk }, claims, stranger),
    ],
    ['an embedded jwk beside our kid', () => signElliptic({ ...header, jwk: strangerJwk }, claims, stranger)],
    [
      'a jku',
      () => signElliptic({ ...header, kid: 'mine', jku: 'http://127.0.0.1:9/jwks.json' }, claims, stranger),
    ],
    ['an x5c', () => signElliptic({ ...header, x5c: ['MIIB'] }, claims, stranger)],
    ['what must be understood', () => token({ header: { crit: ['b64'], b64: true } })],
    ['no kid', () => token({ header: { kid: undefined } })],
    ['an unknown kid', () => token({ header: { kid: 'unknown' } })],
    ['our kid and more', () => token({ header: { kid: `${key.thumbprint} ` } })],
    ['a kid in other case', () => token({ header: { kid: key.thumbprint.toUpperCase() } })],
    ['a kid that is a path', () => token({ header: { kid: key.file } })],
    ['a kid that is SQL', () => token({ header: { kid: "' OR 1=1 --" } })],
    ['a kid of the prototype', () => token({ header: { kid: '__proto__' } })],
    ['a kid that is a list', () => token({ header: { kid: [key.thumbprint] } })],
    ['typ JWT', () => token({ header: { typ: 'JWT' } })],
    ['typ in full', () => token({ header: { typ: 'application/at+jwt' } })],
    ['another issuer', () => token({ claims: { iss: 'elsewhere' } })],
    ['another audience', () => token({ claims: { aud: 'elsewhere' } })],
    ['expired', () => token({ claims: { exp: SECONDS - 31 } })],
    ['issued in the future', () => token({ claims: { iat: SECONDS + 31 } })],
    ['not yet valid', () => token({ claims: { nbf: SECONDS + 31 } })],
    ['another user', () => token({ claims: { sub: 'somebody' } })],
    ['another epoch', () => token({ claims: { epoch: 1 } })],
    ['truncated', () => user.accessToken.slice(0, -2)],
    ['two segments', () => user.accessToken.split('.').slice(0, 2).join('.')],
    ['an empty signature', () => user.accessToken.replace(/[^.]*$/, '')],
    ['a signature of zeros', () => user.accessToken.replace(/[^.]*$/, 'A'.repeat(86))],
    ['the refresh token', () => user.refreshToken],
  ])('are refused: %s', async (_, make) => {
    const answer = await me(ferry, make());
    expectProblem(answer, 401, 'invalid_token');
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="ferry", error="invalid_token"');
  });

  it('were never the cause of a fault, and the private key is nowhere to be read', async () => {
    expect(ferry.logged.filter(({ level }) => Number(level) >= 50)).toEqual([]);
    const { d = '' } = key.privateKey.export({ format: 'jwk' }) as { d?: string };
    expect(d).toMatch(/^[\w-]{43}$/);
    expect(JSON.stringify([ferry.logged, await publishedKeys(ferry)])).not.toContain(d);
  });
});

describe('the published keys', () => {
  it('are none where a secret signs', async () => {
    const ferry = await startFerry();
    try {
      expect(await publishedKeys(ferry)).toEqual({ keys: [] });
    } finally {
      await ferry.stop();
    }
  });
});
