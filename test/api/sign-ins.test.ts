import request from 'supertest';
import { listSignIns } from '../../src/schemas/sessions';
import { Browser, cookiesOf, isSignedIn } from '../support/browser';
import { API, makeUser, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { expectProblem } from '../support/problems';

const DAY = 24 * 60 * 60 * 1000;
const START = new Date('2026-11-22T08:15:30.123Z').getTime();
const NEW_PASSWORD = 'quite another password';

interface SignIn {
  id: string;
  kind: string;
  userAgent: string | null;
  createdAt: string;
  expiresAt: string;
  current: boolean;
}

let ferry: Ferry;
let user: TestUser;
let time = START;

beforeAll(async () => {
  ferry = await startFerry({ now: () => new Date(time) });
});

afterAll(() => ferry.stop());

beforeEach(async () => {
  time = START;
  user = await makeUser(ferry);
});

const listOf = async (browser: Browser, query = ''): Promise<SignIn[]> => {
  const answer = await browser.send('get', `/auth/sessions${query}`).expect(200);
  expect(listSignIns.responses[200]?.schema?.parse(answer.body)).toEqual(answer.body);
  return (answer.body as { items: SignIn[] }).items;
};

const signInAgain = async ({ username, password }: TestUser): Promise<{ Authorization: string }> => {
  const answer = await request(ferry.url).post(`${API}/auth/login`).send({ username, password }).expect(200);
  return { Authorization: `Bearer ${(answer.body as { accessToken: string }).accessToken}` };
};

const works = async (auth: { Authorization: string }): Promise<boolean> =>
  (await request(ferry.url).get(`${API}/users/me`).set(auth)).status === 200;

describe('GET /auth/sessions', () => {
  it('lists programs and browsers, newest first, and says which one asks', async () => {
    time += 1000;
    const browser = new Browser(ferry);
    const { username, password } = user;
    const agent = { 'User-Agent': 'Firefox <b>' };
    await browser.send('post', '/auth/session', { username, password }, agent).expect(200);
    const answer = await browser.send('get', '/auth/sessions').expect(200);
    const id = expect.stringMatching(/^[0-9a-z]+$/) as string;
    expect(answer.body).toEqual({
      items: [
        {
          id,
          kind: 'browser',
          userAgent: 'Firefox <b>',
          createdAt: new Date(START + 1000).toISOString(),
          expiresAt: new Date(START + 1000 + 14 * DAY).toISOString(),
          current: true,
        },
        {
          id,
          kind: 'tokens',
          userAgent: null,
          createdAt: new Date(START).toISOString(),
          expiresAt: new Date(START + 30 * DAY).toISOString(),
          current: false,
        },
      ],
      nextCursor: null,
    });
    const byToken = await request(ferry.url).get(`${API}/auth/sessions`).set(user.auth).expect(200);
    expect((byToken.body as { items: SignIn[] }).items.map(({ current }) => current)).toEqual([false, true]);
  });

  it('leaves out those that ended or expired, and those of others', async () => {
    await Browser.signedIn(ferry, await makeUser(ferry));
    const gone = await Browser.signedIn(ferry, user);
    await gone.send('delete', '/auth/session').expect(204);
    const replaced = await Browser.signedIn(ferry, user);
    await replaced.signIn(user);
    expect((await listOf(replaced)).map(({ kind }) => kind)).toEqual(['browser', 'tokens']);
    time = START + 20 * DAY;
    const late = await Browser.signedIn(ferry, user);
    expect((await listOf(late)).map(({ current }) => current)).toEqual([true, false]);
  });

  it('comes in pages', async () => {
    const browser = await Browser.signedIn(ferry, user);
    for (let i = 0; i < 3; i += 1) await signInAgain(user);
    const all = await listOf(browser);
    expect(all).toHaveLength(5);
    const seen: SignIn[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '?limit=2' : `?limit=2&cursor=${cursor}`;
      const answer = await browser.send('get', `/auth/sessions${query}`).expect(200);
      const page = answer.body as { items: SignIn[]; nextCursor: string | null };
      expect(page.items.length).toBeLessThanOrEqual(2);
      seen.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(seen).toEqual(all);
  });

  it('is for those who are signed in', async () => {
    expectProblem(await new Browser(ferry).send('get', '/auth/sessions'), 401, 'unauthenticated');
  });
});

describe('DELETE /auth/sessions/:id', () => {
  it('ends a browser, at once', async () => {
    const [one, other] = [await Browser.signedIn(ferry, user), await Browser.signedIn(ferry, user)];
    const [target] = (await listOf(one)).filter(({ current, kind }) => !current && kind === 'browser');
    await one.send('delete', `/auth/sessions/${target?.id ?? ''}`).expect(204);
    expect(await isSignedIn(other)).toBe(false);
    expect(await isSignedIn(one)).toBe(true);
    expectProblem(await one.send('delete', `/auth/sessions/${target?.id ?? ''}`), 404, 'not_found');
  });

  it('ends a program with its access and refresh tokens', async () => {
    const browser = await Browser.signedIn(ferry, user);
    const [target] = (await listOf(browser)).filter(({ kind }) => kind === 'tokens');
    await browser.send('delete', `/auth/sessions/${target?.id ?? ''}`).expect(204);
    expect(await works(user.auth)).toBe(false);
    const { refreshToken } = user;
    const answer = await request(ferry.url).post(`${API}/auth/refresh`).send({ refreshToken });
    expectProblem(answer, 400, 'invalid_grant');
  });

  it('ends the one that asks, with its cookie', async () => {
    const browser = await Browser.signedIn(ferry, user);
    const [target] = (await listOf(browser)).filter(({ current }) => current);
    const answer = await browser.send('delete', `/auth/sessions/${target?.id ?? ''}`).expect(204);
    expect(cookiesOf(answer).map(({ value }) => value)[0]).toBe('');
    expect(browser.sessionId).toBeUndefined();
  });

  it("finds nothing of others', and changes nothing", async () => {
    const browser = await Browser.signedIn(ferry, user);
    const [target] = await listOf(browser);
    const other = await Browser.signedIn(ferry, await makeUser(ferry));
    expectProblem(await other.send('delete', `/auth/sessions/${target?.id ?? ''}`), 404, 'not_found');
    expect(await isSignedIn(browser)).toBe(true);
  });

  it('tells realtime clients', async () => {
    const browser = await Browser.signedIn(ferry, user);
    const [, target] = await listOf(browser);
    const from = await ferry.stores.eventlog.top(`user:${user.id}`);
    await browser.send('delete', `/auth/sessions/${target?.id ?? ''}`).expect(204);
    const history = await ferry.stores.eventlog.readAfter(`user:${user.id}`, from, 10);
    expect(history).toMatchObject({ events: [{ type: 'session.revoked', data: { id: target?.id } }] });
  });
});

describe('POST /users/me/password', () => {
  const change = (browser: Browser, currentPassword: string, newPassword = NEW_PASSWORD) =>
    browser.send('post', '/users/me/password', { currentPassword, newPassword });

  it('changes the password, and ends every sign-in but the one that asks', async () => {
    const browser = await Browser.signedIn(ferry, user);
    const other = await Browser.signedIn(ferry, user);
    const stranger = await makeUser(ferry);
    await change(browser, user.password).expect(204);
    expect(await isSignedIn(browser)).toBe(true);
    expect(await isSignedIn(other)).toBe(false);
    expect(await works(user.auth)).toBe(false);
    expect(await works(stranger.auth)).toBe(true);
    const { username, password, refreshToken } = user;
    const refreshed = await request(ferry.url).post(`${API}/auth/refresh`).send({ refreshToken });
    expectProblem(refreshed, 400, 'invalid_grant');
    const old = await request(ferry.url).post(`${API}/auth/login`).send({ username, password });
    expectProblem(old, 401, 'invalid_credentials');
    await signInAgain({ ...user, password: NEW_PASSWORD });
  });

  it('keeps the tokens of a program that asks', async () => {
    const browser = await Browser.signedIn(ferry, user);
    const body = { currentPassword: user.password, newPassword: NEW_PASSWORD };
    await request(ferry.url).post(`${API}/users/me/password`).set(user.auth).send(body).expect(204);
    expect(await works(user.auth)).toBe(true);
    expect(await isSignedIn(browser)).toBe(false);
  });

  it('needs the current one', async () => {
    const [browser, other] = [await Browser.signedIn(ferry, user), await Browser.signedIn(ferry, user)];
    expectProblem(await change(browser, 'wrong'), 401, 'invalid_credentials');
    for (const one of [browser, other]) expect(await isSignedIn(one)).toBe(true);
    await signInAgain(user);
  });

  it('lets one of two changes at once win', async () => {
    const [one, other] = [await Browser.signedIn(ferry, user), await Browser.signedIn(ferry, user)];
    const answers = await Promise.all([
      change(one, user.password, 'the first new password'),
      change(other, user.password, 'the second new password'),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 401]);
    const won = answers[0].status === 204;
    expect([await isSignedIn(one), await isSignedIn(other)]).toEqual([won, !won]);
    await signInAgain({ ...user, password: won ? 'the first new password' : 'the second new password' });
  });

  it('has nothing to change for a user without a password', async () => {
    const { identities } = ferry.stores.sql;
    const [identity] = await identities.listOf(user.id);
    const guest = 'guest0000000000000000000000';
    const found = await ferry.stores.sql.users.find(user.id);
    await ferry.stores.sql.users.insert({ ...found!, id: guest, username: null });
    await identities.insert({
      ...identity!,
      userId: guest,
      provider: 'wechat:wx1',
      subject: 'o1',
      secret: null,
    });
    const { accessToken } = await ferry.services.tokens.signIn(guest, null);
    const answer = await request(ferry.url)
      .post(`${API}/users/me/password`)
      .set('Authorization', `Bearer ${accessToken}`)
      .send({ currentPassword: 'x', newPassword: NEW_PASSWORD });
    expectProblem(answer, 409, 'conflict');
  });

  it.each([
    ['a short one', { newPassword: '1234567' }],
    ['a long one', { newPassword: 'x'.repeat(257) }],
    ['none', { newPassword: undefined }],
    ['an unknown field', { username: 'x' }],
  ])('refuses %s', async (_, fields) => {
    const browser = await Browser.signedIn(ferry, user);
    const body = { currentPassword: user.password, newPassword: NEW_PASSWORD, ...fields };
    expectProblem(await browser.send('post', '/users/me/password', body), 400, 'invalid_request');
    await signInAgain(user);
  });
});
