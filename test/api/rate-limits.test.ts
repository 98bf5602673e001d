import * as argon2 from '@node-rs/argon2';
import request, { type Response, type Test } from 'supertest';
import type { LimiterFactory } from '../../src/models/limiters';
import { limitersInMemory } from '../../src/models/limiters/memory';
import { Browser } from '../support/browser';
import { API, makeUser, type TestUser } from '../support/factories';
import { startFerry, type Ferry, type FerryOptions } from '../support/ferry';
import { expectProblem } from '../support/problems';

jest.mock('@node-rs/argon2', () => {
  const actual = jest.requireActual<typeof argon2>('@node-rs/argon2');
  return { ...actual, verify: jest.fn(actual.verify) };
});

const WRONG = 'not the password';

let ferry: Ferry;

async function start(options: FerryOptions): Promise<void> {
  ferry = await startFerry(options);
}

afterEach(() => ferry.stop());

const post = (call: string, body: object): Test => request(ferry.url).post(`${API}/auth/${call}`).send(body);

const login = (username: string, password: string, address?: string): Test => {
  const attempt = post('login', { username, password });
  return address === undefined ? attempt : attempt.set('X-Forwarded-For', address);
};

async function statuses(times: number, attempt: (index: number) => Test): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < times; i += 1) found.push((await attempt(i)).status);
  return found;
}

const times = (count: number, status: number): number[] => Array<number>(count).fill(status);

/** Expects the refusal to say when, in three ways that agree. @returns the seconds to wait */
function expectLimited(answer: Response, policy: string): number {
  expectProblem(answer, 429, 'rate_limited');
  const seconds = Number(answer.headers['retry-after']);
  expect(seconds).toBeGreaterThan(0);
  expect(answer.headers['ratelimit']).toContain(`"${policy}";r=0;t=${seconds}`);
  expect(answer.headers['ratelimit-policy']).toContain(`"${policy}";q=`);
  return seconds;
}

describe('guesses of a password', () => {
  let user: TestUser;

  beforeEach(async () => {
    await start({ settings: { GUESS_LIMIT: '10', TRUSTED_PROXIES: '127.0.0.1' } });
    user = await makeUser(ferry);
  });

  it('end with the tenth: the eleventh is not looked at, right or wrong', async () => {
    const answers: Response[] = [];
    for (let i = 0; i < 10; i += 1) answers.push(await login(user.username, WRONG));
    for (const [index, answer] of answers.entries()) {
      expectProblem(answer, 401, 'invalid_credentials');
      expect(answer.headers['ratelimit']).toMatch(new RegExp(`"guesses";r=${9 - index};t=\\d+$`));
      expect(answer.headers['ratelimit-policy']).toBe('"sign-in";q=100000;w=900, "guesses";q=10;w=900');
      expect(answer.headers['retry-after']).toBeUndefined();
    }
    jest.mocked(argon2.verify).mockClear();
    for (const password of [WRONG, user.password]) {
      const seconds = expectLimited(await login(user.username, password), 'guesses');
      expect(seconds).toBeGreaterThan(600);
      expect(seconds).toBeLessThanOrEqual(900);
    }
    expect(argon2.verify).not.toHaveBeenCalled();
  });

  it('are counted for a name that nobody has, too, and look the same', async () => {
    expect(await statuses(10, () => login('nobody', WRONG))).toEqual(times(10, 401));
    expectLimited(await login('nobody', WRONG), 'guesses');
  });

  it('leave other users and other addresses alone', async () => {
    const other = await makeUser(ferry);
    await statuses(11, () => login(user.username, WRONG, '192.0.2.1'));
    await login(other.username, other.password, '192.0.2.1').expect(200);
    await login(user.username, user.password, '192.0.2.2').expect(200);
    expectLimited(await login(user.username, user.password, '192.0.2.1'), 'guesses');
  });

  it('are forgotten after the right one', async () => {
    await statuses(9, () => login(user.username, WRONG));
    await login(user.username, user.password).expect(200);
    expect(await statuses(10, () => login(user.username, WRONG))).toEqual(times(10, 401));
    expectLimited(await login(user.username, WRONG), 'guesses');
  });

  it('are ten also when they come at once', async () => {
    const answers = await Promise.all(Array.from({ length: 30 }, () => login(user.username, WRONG)));
    const found = answers.map(({ status }) => status).sort();
    expect(found).toEqual([...times(10, 401), ...times(20, 429)]);
  });

  it('are ten over all ways to sign in and all spellings of the name', async () => {
    const browser = new Browser(ferry);
    const ways: [() => Test, ...(() => Test)[]] = [
      () => login(user.username, WRONG),
      () => login(user.username.toUpperCase(), WRONG),
      () => login(`ｕ${user.username.slice(1)}`, WRONG),
      () => browser.send('post', '/auth/session', { username: user.username, password: WRONG }),
    ];
    expect(await statuses(10, (index) => (ways[index % 4] ?? ways[0])())).toEqual(times(10, 401));
    for (const way of ways) expectLimited(await way(), 'guesses');
  });

  it('are ten where the user changes the password', async () => {
    const change = (currentPassword: string): Test =>
      request(ferry.url)
        .post(`${API}/users/me/password`)
        .set(user.auth)
        .send({ currentPassword, newPassword: 'a new password' });
    await statuses(9, () => change(WRONG));
    await change(user.password).expect(204);
    expect(await statuses(10, () => change(WRONG))).toEqual(times(10, 401));
    expectLimited(await change('a new password'), 'guesses');
  });

  it.each<[string, object | string]>([
    ['no password', { username: 'li' }],
    ['an empty password', { username: 'li', password: '' }],
    ['an unknown field', { username: 'li', password: WRONG, role: 'admin' }],
    ['a name that is an object', { username: { $ne: null }, password: WRONG }],
    ['a name of 257 characters', { username: 'x'.repeat(257), password: WRONG }],
  ])('are none when the request is refused: %s', async (_, body) => {
    const attempt = () =>
      request(ferry.url).post(`${API}/auth/login`).set('Content-Type', 'application/json').send(body);
    expect(await statuses(12, attempt)).toEqual(times(12, 400));
    expect(await statuses(10, () => login('li', WRONG))).toEqual(times(10, 401));
  });

  it('count a network of 64 bits for one address, and an address in IPv6 clothes for itself', async () => {
    const hosts = [':1', ':2', 'a:b:c:d', 'ffff:ffff:ffff:ffff'];
    const from = (index: number) => `2001:db8:1:2:${hosts[index % 4] ?? ''}`;
    expect(await statuses(10, (i) => login(user.username, WRONG, from(i)))).toEqual(times(10, 401));
    expectLimited(await login(user.username, WRONG, '2001:db8:1:2:9::'), 'guesses');
    await login(user.username, WRONG, '2001:db8:1:3::1').expect(401);
    await statuses(10, () => login(user.username, WRONG, '192.0.2.1'));
    expectLimited(await login(user.username, WRONG, '::ffff:192.0.2.1'), 'guesses');
  });
});

it('no client escapes by a forwarded address that no proxy vouches for', async () => {
  await start({ settings: { GUESS_LIMIT: '3' } });
  const user = await makeUser(ferry);
  expect(await statuses(5, (index) => login(user.username, WRONG, `192.0.2.${index}`))).toEqual([
    ...times(3, 401),
    ...times(2, 429),
  ]);
});

describe('guesses from many addresses', () => {
  /** Gaps begin with a second, which is no time on a busy machine: here they are a minute from the beginning. */
  const patient: LimiterFactory = (options) => {
    const limiter = limitersInMemory(options);
    const consume = limiter.consume.bind(limiter);
    return options.keyPrefix === 'limit.guesses-gap'
      ? Object.assign(limiter, { consume: (key: string, points: number) => consume(key, points) })
      : limiter;
  };

  it('are slowed down, and do not lock the owner out', async () => {
    const settings = { GUESS_LIMIT: '10', TRUSTED_PROXIES: '127.0.0.1' };
    await start({ settings, makeLimiter: patient });
    const owner = await makeUser(ferry);
    await login(owner.username, owner.password, '198.51.100.1').expect(200);
    const attack = (index: number) => login(owner.username, WRONG, `192.0.2.${index}`);
    expect(await statuses(30, attack)).toEqual([...times(21, 401), ...times(9, 429)]);
    expect(expectLimited(await attack(99), 'guesses-of-user')).toBeLessThanOrEqual(60);
    await login(owner.username, owner.password, '198.51.100.1').expect(200);
    const elsewhere = await login(owner.username, owner.password, '198.51.100.2');
    expect(expectLimited(elsewhere, 'guesses-of-user')).toBeLessThanOrEqual(60);
  });
});

describe('calls from one address', () => {
  beforeEach(async () => {
    await start({ settings: { SIGN_IN_LIMIT: '3', REGISTER_LIMIT: '2', QR_LIMIT: '2', WECHAT_DEV: '1' } });
  });

  it('to sign in by a password are limited, whoever the user is', async () => {
    const user = await makeUser(ferry);
    const first = await login(user.username, user.password).expect(200);
    expect(first.headers['ratelimit']).toMatch(/^"sign-in";r=2;t=\d+, "guesses";r=999;t=\d+$/);
    expect(first.headers['ratelimit-policy']).toBe('"sign-in";q=3;w=900, "guesses";q=1000;w=900');
    await login('somebody', WRONG).expect(401);
    await request(ferry.url)
      .post(`${API}/users/me/password`)
      .set(user.auth)
      .send({ currentPassword: user.password, newPassword: user.password })
      .expect(204);
    expectLimited(await login('somebody-else', WRONG), 'sign-in');
    const browser = new Browser(ferry);
    const { username, password } = user;
    expectLimited(await browser.send('post', '/auth/session', { username, password }), 'sign-in');
  });

  it('to register are limited', async () => {
    const register = (username: string) => post('register', { username, password: 'slow boats' });
    const first = await register('one').expect(201);
    expect(first.headers['ratelimit']).toMatch(/^"register";r=1;t=\d+$/);
    expect(first.headers['ratelimit-policy']).toBe('"register";q=2;w=3600');
    await register('two').expect(201);
    expectLimited(await register('three'), 'register');
  });

  it('to refresh are limited, ten times as high', async () => {
    const user = await makeUser(ferry);
    const first = await post('refresh', { refreshToken: user.refreshToken }).expect(200);
    expect(first.headers['ratelimit']).toMatch(/^"refresh";r=29;t=\d+$/);
    expect(await statuses(29, () => post('refresh', { refreshToken: 'x' }))).toEqual(times(29, 400));
    expectLimited(await post('refresh', { refreshToken: 'x' }), 'refresh');
  });

  it('to sign in by WeChat are limited', async () => {
    const signIn = () => post('wechat', { code: 'dev:lilei' });
    const first = await signIn().expect(201);
    expect(first.headers['ratelimit-policy']).toBe('"wechat";q=3;w=900');
    await signIn().expect(200);
    await signIn().expect(200);
    expectLimited(await signIn(), 'wechat');
  });

  it('for QR codes are limited', async () => {
    const browser = new Browser(ferry);
    const first = await browser.send('post', '/auth/qr').expect(201);
    expect(first.headers['ratelimit-policy']).toBe('"qr";q=2;w=60');
    await browser.send('post', '/auth/qr').expect(201);
    expectLimited(await browser.send('post', '/auth/qr'), 'qr');
  });

  it('that are not limited say nothing of limits', async () => {
    const answer = await request(ferry.url).get('/healthz').expect(200);
    expect(answer.headers).not.toHaveProperty('ratelimit');
    expect(answer.headers).not.toHaveProperty('ratelimit-policy');
  });
});

describe('when what counts is down', () => {
  it('nobody gets in, and no password is looked at', async () => {
    const failing: LimiterFactory = (options) =>
      Object.assign(limitersInMemory(options), {
        consume: () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.7:6379')),
      });
    await start({ makeLimiter: failing, settings: { WECHAT_DEV: '1' } });
    jest.mocked(argon2.verify).mockClear();
    const answers = [
      await login('somebody', WRONG),
      await post('register', { username: 'somebody', password: WRONG }),
      await post('refresh', { refreshToken: 'x' }),
      await post('wechat', { code: 'dev:lilei' }),
      await new Browser(ferry).send('post', '/auth/session', { username: 'somebody', password: WRONG }),
      await new Browser(ferry).send('post', '/auth/qr'),
    ];
    for (const answer of answers) {
      expectProblem(answer, 503, 'unavailable');
      expect(answer.headers['retry-after']).toMatch(/^\d+$/);
      expect(answer.text).not.toMatch(/10\.0\.0\.7|ECONNREFUSED/);
    }
    expect(argon2.verify).not.toHaveBeenCalled();
    await request(ferry.url).get('/healthz').expect(200);
  });
});
