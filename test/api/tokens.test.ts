import { createHmac, generateKeyPairSync, randomBytes } from 'node:crypto';
import jwt, { type JwtPayload } from 'jsonwebtoken';
import request from 'supertest';
import { deriveKeys } from '../../src/services/secrets';
import { API, makeUser, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { expectProblem } from '../support/problems';
import { onWire } from '../support/wire';

const SECRET = 'the secret that this server signs with';
const KEYS = deriveKeys(SECRET);
const NOW = new Date('2026-11-22T08:00:00Z');
const SECONDS = NOW.getTime() / 1000;

interface Header {
  alg?: unknown;
  typ?: unknown;
  kid?: unknown;
  [name: string]: unknown;
}

let ferry: Ferry;
let user: TestUser;
/** What the true token says. */
let header: Header;
let claims: JwtPayload;

beforeAll(async () => {
  ferry = await startFerry({ settings: { JWT_SECRET: SECRET }, now: () => NOW });
  user = await makeUser(ferry);
  const decoded = jwt.decode(user.accessToken, { complete: true });
  header = decoded?.header as unknown as Header;
  claims = decoded?.payload as JwtPayload;
});

afterAll(() => ferry.stop());

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token with these changes; undefined removes a member. Signed rightly unless `key` says otherwise. */
function token(changes: {
  header?: Header;
  claims?: JwtPayload;
  key?: string | Buffer;
  hash?: string;
}): string {
  const body = `${part({ ...header, ...changes.header })}.${part({ ...claims, ...changes.claims })}`;
  return `${body}.${createHmac(changes.hash ?? 'sha256', changes.key ?? KEYS.accessToken)
    .update(body)
    .digest('base64url')}`;
}

const unsigned = (alg: unknown): string => `${part({ ...header, alg })}.${part(claims)}.`;

const me = (accessToken: string) =>
  request(ferry.url).get(`${API}/users/me`).set('Authorization', `Bearer ${accessToken}`);

const { privateKey: ecKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const { privateKey: rsaKey, publicKey: rsaPublic } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const signedBy = (key: typeof ecKey, algorithm: 'ES256' | 'RS256'): string =>
  jwt.sign(claims, key, { algorithm, header: { ...header, alg: algorithm } as jwt.JwtHeader });

describe('an access token', () => {
  it('is a JWT as RFC 9068 says, and says no more than is needed', () => {
    expect(header).toEqual({ alg: 'HS256', typ: 'at+jwt', kid: KEYS.accessTokenId });
    expect(claims).toEqual({
      iss: 'ferry',
      aud: 'ferry',
      sub: user.id,
      sid: expect.any(String) as string,
      epoch: 0,
      iat: SECONDS,
      exp: SECONDS + 600,
      jti: expect.any(String) as string,
    });
  });

  it.each<[string, () => string]>([
    ['as it was given', () => user.accessToken],
    ['put together here', () => token({})],
    ['that expired 29 s ago', () => token({ claims: { exp: SECONDS - 29 } })],
    ['that was issued 30 s in the future', () => token({ claims: { iat: SECONDS + 30 } })],
    ['that is valid from 30 s on', () => token({ claims: { nbf: SECONDS + 30 } })],
  ])('is taken: %s', async (_, make) => {
    await me(make()).expect(200);
  });

  it.each<[string, () => string]>([
    ['alg none', () => unsigned('none')],
    ['alg None', () => unsigned('None')],
    ['alg NONE', () => unsigned('NONE')],
    ['alg nOnE', () => unsigned('nOnE')],
    ['alg none with a blank', () => unsigned('none ')],
    ['no alg', () => unsigned(undefined)],
    ['alg null', () => unsigned(null)],
    ['alg as a list', () => unsigned(['HS256'])],
    ['alg none with the true signature', () => token({ header: { alg: 'none' } })],
    ['alg hs256', () => token({ header: { alg: 'hs256' } })],
    ['HS512 by the true key', () => token({ header: { alg: 'HS512' }, hash: 'sha512' })],
    ['HS384 by the true key', () => token({ header: { alg: 'HS384' }, hash: 'sha384' })],
    ['ES256', () => signedBy(ecKey, 'ES256')],
    ['RS256', () => signedBy(rsaKey, 'RS256')],
    ['HS256 by a public key', () => token({ key: rsaPublic.export({ type: 'spki', format: 'pem' }) })],
    ['another key', () => token({ key: randomBytes(32) })],
    ['an empty key', () => token({ key: '' })],
    ['the undivided secret', () => token({ key: SECRET })],
    ['the name of the key', () => token({ key: KEYS.accessTokenId })],
    ['no kid', () => token({ header: { kid: undefined } })],
    ['an unknown kid', () => token({ header: { kid: 'abcdef0123456789' } })],
    ['a kid that is a path', () => token({ header: { kid: '../../../../dev/null' }, key: '' })],
    ['a kid that is SQL', () => token({ header: { kid: "' UNION SELECT 'key' --" }, key: 'key' })],
    ['a kid that is an object', () => token({ header: { kid: { $ne: null } } })],
    ['a kid of the prototype', () => token({ header: { kid: '__proto__' } })],
    [
      'an embedded jwk',
      () => token({ key: 'mine', header: { kid: undefined, jwk: { kty: 'oct', k: 'bWluZQ' } } }),
    ],
    ['a jku', () => token({ key: 'mine', header: { kid: 'mine', jku: 'http://127.0.0.1:9/keys.json' } })],
    ['an x5u', () => token({ key: 'mine', header: { x5u: 'http://127.0.0.1:9/cert.pem' } })],
    ['b64 false', () => token({ header: { b64: false, crit: ['b64'] }, key: 'mine' })],
    ['typ JWT', () => token({ header: { typ: 'JWT' } })],
    ['no typ', () => token({ header: { typ: undefined } })],
    ['typ of another token', () => token({ header: { typ: 'dpop+jwt' } })],
    ['another issuer', () => token({ claims: { iss: 'https://elsewhere.example' } })],
    ['no issuer', () => token({ claims: { iss: undefined } })],
    ['another audience', () => token({ claims: { aud: 'elsewhere' } })],
    ['no audience', () => token({ claims: { aud: undefined } })],
    ['expired', () => token({ claims: { exp: SECONDS - 31 } })],
    ['no expiry', () => token({ claims: { exp: undefined } })],
    ['an expiry that is no number', () => token({ claims: { exp: '9999999999' as unknown as number } })],
    ['not yet valid', () => token({ claims: { nbf: SECONDS + 31 } })],
    ['issued in the future', () => token({ claims: { iat: SECONDS + 31 } })],
    ['no time of issue', () => token({ claims: { iat: undefined } })],
    ['another user', () => token({ claims: { sub: 'somebody' } })],
    ['no user', () => token({ claims: { sub: undefined } })],
    ['a user that is an object', () => token({ claims: { sub: { $gt: '' } as unknown as string } })],
    ['another sign-in', () => token({ claims: { sid: 'another' } })],
    ['no sign-in', () => token({ claims: { sid: undefined } })],
    ['another epoch', () => token({ claims: { epoch: 1 } })],
    ['no epoch', () => token({ claims: { epoch: undefined } })],
    [
      'a changed claim',
      () => user.accessToken.replace(/\.[^.]+\./, `.${part({ ...claims, exp: SECONDS + 9999 })}.`),
    ],
    ['truncated', () => user.accessToken.slice(0, -1)],
    ['two segments', () => user.accessToken.split('.').slice(0, 2).join('.')],
    ['two segments and a dot', () => `${user.accessToken.split('.').slice(0, 2).join('.')}.`],
    ['one segment', () => user.accessToken.split('.')[0] ?? ''],
    ['four segments', () => `${user.accessToken}.AAAA`],
    ['five segments, as if encrypted', () => `${part({ alg: 'dir', enc: 'A256GCM' })}..AAAA.AAAA.AAAA`],
    ['only dots', () => '..'],
    ['claims that are no object', () => `${part(header)}.${part('text')}.AAAA`],
    ['a header that is no JSON', () => `AAAA.${part(claims)}.AAAA`],
    ['a header that is null', () => `${part(null)}.${part(claims)}.AAAA`],
    ['12 kB', () => token({ claims: { more: 'x'.repeat(9000) }, key: 'mine' })],
    ['the refresh token', () => user.refreshToken],
  ])('is refused: %s', async (_, make) => {
    const answer = await me(make());
    expectProblem(answer, 401, 'invalid_token');
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="ferry", error="invalid_token"');
  });

  it('is refused with what was given for another user’s sign-in', async () => {
    const other = await makeUser(ferry);
    const { sid } = jwt.decode(other.accessToken) as JwtPayload;
    expectProblem(await me(token({ claims: { sid: sid as string } })), 401, 'invalid_token');
  });

  it('of 20 kB is too large for a header', async () => {
    const { status, body } = await onWire(ferry, 'GET', `${API}/users/me`, [
      ['Authorization', `Bearer ${token({ claims: { more: 'x'.repeat(15_000) } })}`],
    ]);
    expect(status).toBe(431);
    expect(JSON.parse(body.toString())).toMatchObject({ status: 431, code: 'headers_too_large' });
  });

  it.each([['access_token'], ['token'], ['authorization']])(
    'is not read from the query: %s',
    async (name) => {
      const path = `${API}/users/me?${name}=${user.accessToken}`;
      expectProblem(await request(ferry.url).get(path), 401, 'unauthenticated');
    },
  );

  it('is not read from a cookie', async () => {
    const answer = await request(ferry.url)
      .get(`${API}/users/me`)
      .set('Cookie', `access_token=${user.accessToken}`);
    expectProblem(answer, 401, 'unauthenticated');
  });

  it('dies when the user’s epoch is raised, with all others', async () => {
    const someone = await makeUser(ferry);
    await ferry.stores.sql.users.update(someone.id, { epoch: 1 });
    expectProblem(await me(someone.accessToken), 401, 'invalid_token');
  });

  it('is of no use on a server with another secret', async () => {
    const other = await startFerry({ settings: { JWT_SECRET: `${SECRET}, another` }, now: () => NOW });
    try {
      const answer = await request(other.url).get(`${API}/users/me`).set(user.auth);
      expectProblem(answer, 401, 'invalid_token');
    } finally {
      await other.stop();
    }
  });

  it('was never the cause of a fault', () => {
    expect(ferry.logged.filter(({ level }) => Number(level) >= 50)).toEqual([]);
  });
});
