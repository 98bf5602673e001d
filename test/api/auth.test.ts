import * as argon2 from '@node-rs/argon2';
import request, { type Test } from 'supertest';
import { login, register } from '../../src/schemas/auth';
import { API, makeUser, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { expectProblem } from '../support/problems';

jest.mock('@node-rs/argon2', () => {
  const actual = jest.requireActual<typeof argon2>('@node-rs/argon2');
  return { ...actual, hash: jest.fn(actual.hash), verify: jest.fn(actual.verify) };
});

const PASSWORD = 'correct horse battery';
const NOW = new Date('2026-11-22T08:15:30.123Z');

let ferry: Ferry;

beforeAll(async () => {
  ferry = await startFerry({ now: () => NOW });
});

afterAll(() => ferry.stop());

const post = (call: string, body: object | string): Test =>
  request(ferry.url).post(`${API}/auth/${call}`).set('Content-Type', 'application/json').send(body);

const me = (accessToken: string): Test =>
  request(ferry.url).get(`${API}/users/me`).set('Authorization', `Bearer ${accessToken}`);

describe('POST /auth/register', () => {
  it('makes a user who is signed in', async () => {
    const answer = await post('register', {
      username: 'HanMeimei',
      password: PASSWORD,
      displayName: '韩梅梅',
    });
    expect(answer.status).toBe(201);
    expect(answer.headers['cache-control']).toBe('no-store');
    const tokens = register.responses[201]?.schema?.parse(answer.body) as Record<string, unknown>;
    expect(tokens).toEqual(answer.body);
    expect(tokens).toMatchObject({
      tokenType: 'Bearer',
      expiresIn: 600,
      refreshExpiresIn: 30 * 24 * 60 * 60,
      user: {
        username: 'HanMeimei',
        displayName: '韩梅梅',
        avatarUrl: null,
        roles: ['user'],
        identities: [{ provider: 'password', linkedAt: NOW.toISOString() }],
        createdAt: NOW.toISOString(),
      },
    });
    await me(String(tokens.accessToken)).expect(200, tokens.user as object);
  });

  it.each([['李雷'], ['Ольга'], ['ユーザー'], ['a.b-c_d'], ['a1'], ['x'.repeat(32)], ['字'.repeat(32)]])(
    'takes the name %s and shows it as the display name, too',
    async (username) => {
      const answer = await post('register', { username, password: PASSWORD }).expect(201);
      expect(answer.body).toMatchObject({ user: { username, displayName: username } });
      await post('login', { username, password: PASSWORD }).expect(200);
    },
  );

  it.each([
    ['a'],
    [''],
    ['x'.repeat(33)],
    ['.dot'],
    ['two words'],
    ['line\nbreak'],
    ['a\u0000b'],
    ['a/b'],
    ['<b>bold</b>'],
    ['a\u202Eb'],
    ['a\u200Bb'],
    ["x' OR '1'='1"],
    // One letter whose compatibility form is a phrase of 18 letters and spaces.
    ['\uFDFA\uFDFA'],
  ])('refuses the name %j', async (username) => {
    const problem = expectProblem(
      await post('register', { username, password: PASSWORD }),
      400,
      'invalid_request',
    );
    expect(problem.errors?.map((error) => error.path)).toContain('username');
  });

  it.each([
    ['in another case', 'WeiHua', 'weihua'],
    ['in full-width letters', 'xiaoming', 'ＸＩＡＯＭＩＮＧ'],
    ['with a ligature', 'office', 'oﬃce'],
    ['with the Kelvin sign', 'kelvin', '\u212Aelvin'],
    ['with a composed accent', 'n\u00E9e', 'N\u00C9E'],
  ])('takes a name that looks alike for the same: %s', async (_, first, second) => {
    await post('register', { username: first, password: PASSWORD }).expect(201);
    expectProblem(await post('register', { username: second, password: PASSWORD }), 409, 'conflict');
    const answer = await post('login', { username: second, password: PASSWORD }).expect(200);
    expect(answer.body).toMatchObject({ user: { username: first } });
  });

  it('gives a name to one of many who ask for it at once', async () => {
    const racers = Array.from({ length: 6 }, () =>
      post('register', { username: 'racer', password: PASSWORD }),
    );
    const answers = await Promise.all(racers);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409]);
  });

  it.each([
    ['8 bytes', 'x'.repeat(8)],
    ['256 bytes', 'x'.repeat(256)],
    ['85 characters of three bytes', '密'.repeat(85)],
    ['an emoji, NUL and blanks', ' 🔐\u0000 pass '],
  ])('takes a password of %s', async (_, password) => {
    const { username } = await makeUser(ferry, { password });
    await post('login', { username, password }).expect(200);
    expectProblem(
      await post('login', { username, password: password.slice(0, -1) }),
      401,
      'invalid_credentials',
    );
  });

  it.each([
    ['7 bytes', 'x'.repeat(7)],
    ['257 bytes', 'x'.repeat(257)],
    ['86 characters of three bytes', '密'.repeat(86)],
    ['half a surrogate pair', 'passwor\uD83D'],
  ])('refuses a password of %s without hashing it', async (_, password) => {
    jest.mocked(argon2.hash).mockClear();
    const body = JSON.stringify({ username: 'nobody-yet', password });
    const problem = expectProblem(await post('register', body), 400, 'invalid_request');
    expect(problem.errors).toEqual([{ path: 'password', message: 'should have 8 to 256 bytes' }]);
    expect(argon2.hash).not.toHaveBeenCalled();
  });

  it.each([
    ['an unknown field', { role: 'admin' }, 'role'],
    ['an id', { id: 'mine' }, 'id'],
    ['an object for a name', { username: { $ne: null } }, 'username'],
    ['a number for a password', { password: 12345678 }, 'password'],
    ['an empty display name', { displayName: '' }, 'displayName'],
    ['a display name of 65 characters', { displayName: 'x'.repeat(65) }, 'displayName'],
  ])('refuses %s', async (_, more, path) => {
    const answer = await post('register', { username: 'somebody', password: PASSWORD, ...more });
    expect(expectProblem(answer, 400, 'invalid_request').errors?.map((error) => error.path)).toEqual([path]);
  });
});

describe('POST /auth/login', () => {
  let user: TestUser;

  beforeAll(async () => {
    user = await makeUser(ferry, { password: PASSWORD });
  });

  it('signs in with new tokens each time', async () => {
    const { username, password } = user;
    const answers = await Promise.all([1, 2].map(() => post('login', { username, password }).expect(200)));
    const tokens = answers.map(
      ({ body }) => login.responses[200]?.schema?.parse(body) as Record<string, string>,
    );
    expect(new Set(tokens.map(({ accessToken }) => accessToken)).size).toBe(2);
    expect(new Set(tokens.map(({ refreshToken }) => refreshToken)).size).toBe(2);
    for (const answer of answers) expect(answer.headers['cache-control']).toBe('no-store');
  });

  it('says the same of an unknown user and a wrong password, after the same work', async () => {
    const shape = ({ text, headers }: { text: string; headers: Record<string, string> }) => {
      const { requestId, ...problem } = JSON.parse(text) as Record<string, unknown>;
      expect(requestId).toBe(headers['x-request-id']);
      const { date, 'x-request-id': id, ratelimit, ...others } = headers;
      expect([date, id, ratelimit]).not.toContain(undefined);
      return { problem, headers: others };
    };
    const attempts: [string, string][] = [
      [user.username, 'a wrong password'],
      ['no-such-user', 'a wrong password'],
      ['no-such-user', PASSWORD],
      ['no such name can be registered', PASSWORD],
    ];
    const shapes: unknown[] = [];
    const costs = new Set<string>();
    for (const [username, password] of attempts) {
      jest.mocked(argon2.verify).mockClear();
      const answer = await post('login', { username, password });
      expectProblem(answer, 401, 'invalid_credentials');
      expect(answer.headers['www-authenticate']).toBe('Bearer realm="ferry"');
      shapes.push(shape(answer));
      expect(argon2.verify).toHaveBeenCalledTimes(1);
      const [[stored, given] = []] = jest.mocked(argon2.verify).mock.calls;
      expect(given).toBe(password);
      costs.add(/^\$argon2id\$v=19\$[^$]+\$/.exec(String(stored))?.[0] ?? 'none');
    }
    expect(shapes.slice(1)).toEqual(shapes.slice(0, -1));
    expect([...costs]).toEqual(['$argon2id$v=19$m=19456,t=2,p=1$']);
  });

  it('refuses a password of 257 bytes without hashing it', async () => {
    jest.mocked(argon2.verify).mockClear();
    const answer = await post('login', { username: user.username, password: 'x'.repeat(257) });
    expectProblem(answer, 400, 'invalid_request');
    expect(argon2.verify).not.toHaveBeenCalled();
  });

  it.each([
    ['nothing', {}],
    ['operators', { username: { $gt: '' }, password: { $ne: null } }],
    ['lists', { username: ['a'], password: ['b'] }],
    ['an unknown field', { username: 'a', password: 'b', admin: true }],
  ])('refuses %s', async (_, body) => {
    expectProblem(await post('login', body), 400, 'invalid_request');
  });
});

describe('Authorization', () => {
  it.each([
    ['no credentials', undefined, 'unauthenticated', 'Bearer realm="ferry"'],
    ['another scheme', 'Basic dTpw', 'unauthenticated', 'Bearer realm="ferry"'],
    ['no token', 'Bearer', 'invalid_token', 'Bearer realm="ferry", error="invalid_token"'],
    ['an empty token', 'Bearer  ', 'invalid_token', 'Bearer realm="ferry", error="invalid_token"'],
    ['two tokens', 'Bearer a b', 'invalid_token', 'Bearer realm="ferry", error="invalid_token"'],
    ['a token in quotes', 'Bearer "a"', 'invalid_token', 'Bearer realm="ferry", error="invalid_token"'],
    ['what is no token', 'Bearer abc', 'invalid_token', 'Bearer realm="ferry", error="invalid_token"'],
  ])('%s: 401 with a challenge (RFC 6750 §3)', async (_, header, code, challenge) => {
    const get = request(ferry.url).get(`${API}/users/me`);
    const answer = await (header === undefined ? get : get.set('Authorization', header));
    expectProblem(answer, 401, code);
    expect(answer.headers['www-authenticate']).toBe(challenge);
  });

  it.each([['bearer'], ['BEARER'], ['Bearer  ']])('takes the scheme written as %j', async (scheme) => {
    const { accessToken } = await makeUser(ferry);
    await request(ferry.url)
      .get(`${API}/users/me`)
      .set('Authorization', `${scheme} ${accessToken}`)
      .expect(200);
  });

  it('refuses wrong credentials where none are needed', async () => {
    const answer = await post('logout', {}).set('Authorization', 'Bearer abc');
    expectProblem(answer, 401, 'invalid_token');
  });
});
