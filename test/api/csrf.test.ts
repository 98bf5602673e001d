import request from 'supertest';
import { Browser, cookiesOf, isSignedIn } from '../support/browser';
import { API, makeUser, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { expectProblem } from '../support/problems';

const FRIEND = 'https://friend.example';

let ferry: Ferry;
let user: TestUser;
let browser: Browser;

beforeAll(async () => {
  ferry = await startFerry({ settings: { CORS_ORIGINS: FRIEND } });
  user = await makeUser(ferry);
  browser = await Browser.signedIn(ferry, user);
});

afterAll(() => ferry.stop());

/** What browsers say of where a request comes from. `%own` stands for the server's own address. */
const refused: [string, Record<string, string>][] = [
  ['another site', { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' }],
  ['another origin of the same site', { 'Sec-Fetch-Site': 'same-site', Origin: 'http://other.localhost' }],
  ['another site, with our address as its origin', { 'Sec-Fetch-Site': 'cross-site', Origin: '%own' }],
  ['an unknown word', { 'Sec-Fetch-Site': 'same-origin, cross-site' }],
  ['another origin, by Origin alone', { Origin: 'https://evil.example' }],
  ['our host by another scheme', { Origin: '%https' }],
  ['our host at another port', { Origin: 'http://127.0.0.1:1' }],
  ['an origin that begins like ours', { Origin: '%own.evil.example' }],
  ['an opaque origin', { Origin: 'null' }],
  ['an origin on the CORS list', { Origin: FRIEND }],
  ['an origin on the CORS list, with both', { Origin: FRIEND, 'Sec-Fetch-Site': 'cross-site' }],
  ['nowhere, by neither', {}],
  ['a page of ours, by Referer alone', { Referer: '%own/' }],
];

const allowed: [string, Record<string, string>][] = [
  ['our own page', { 'Sec-Fetch-Site': 'same-origin', Origin: '%own' }],
  ['our own page, by Sec-Fetch-Site alone', { 'Sec-Fetch-Site': 'same-origin' }],
  ["the user's own hand", { 'Sec-Fetch-Site': 'none' }],
  ['our own page, by Origin alone', { Origin: '%own' }],
];

const filled = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      value.replace('%own', ferry.url).replace('%https', ferry.url.replace('http:', 'https:')),
    ]),
  );

describe('a change with a session cookie', () => {
  const change = (headers: Record<string, string>) =>
    browser.ask('patch', `${API}/users/me`, { displayName: 'changed' }, filled(headers));

  it.each(refused)('from %s: 403', async (_, headers) => {
    expectProblem(await change(headers), 403, 'cross_site');
    const me = await browser.send('get', '/users/me').expect(200);
    expect(me.body).toMatchObject({ displayName: user.username });
  });

  it.each(allowed)('from %s goes through', async (_, headers) => {
    await change(headers).expect(200);
    await browser.send('patch', '/users/me', { displayName: user.username }).expect(200);
  });

  it.each([
    ['post', '/uploads', { name: 'a', size: 1 }],
    ['post', '/files', undefined],
    ['delete', '/auth/session', undefined],
    ['post', '/auth/logout', {}],
    ['delete', '/auth/sessions/01kaq3v9m2t5x8y1z4b7c0d3f6', undefined],
    ['post', '/users/me/password', { currentPassword: 'x', newPassword: 'a new password' }],
    ['delete', '/files/01kaq3v9m2t5x8y1z4b7c0d3f6', undefined],
    ['put', '/uploads/01kaq3v9m2t5x8y1z4b7c0d3f6/chunks/0', undefined],
  ] as const)('is refused from elsewhere: %s %s', async (method, path, body) => {
    const answer = await browser.ask(method, `${API}${path}`, body, { 'Sec-Fetch-Site': 'cross-site' });
    expectProblem(answer, 403, 'cross_site');
    expect(await isSignedIn(browser)).toBe(true);
  });

  it('is refused with a cookie that is good no longer as well: nothing tells which ones are', async () => {
    const dead = (await Browser.signedIn(ferry, user)).copy();
    await dead.copy().send('delete', '/auth/session').expect(204);
    expectProblem(await dead.ask('post', `${API}/uploads`, { name: 'a', size: 1 }), 403, 'cross_site');
  });

  it.each([['text/plain'], ['application/x-www-form-urlencoded'], ['multipart/form-data; boundary=x']])(
    'as a form of %s is no JSON: 415',
    async (type) => {
      const answer = await request(ferry.url)
        .patch(`${API}/users/me`)
        .set({ 'Sec-Fetch-Site': 'same-origin', 'Content-Type': type, Cookie: browser.cookieHeader })
        .send('{"displayName":"changed"}');
      expectProblem(answer, 415, 'unsupported_media_type');
    },
  );
});

describe('reading with a session cookie', () => {
  it.each([...refused, ...allowed])('from %s is left to CORS', async (_, headers) => {
    const answer = await browser.ask('get', `${API}/users/me`, undefined, filled(headers)).expect(200);
    const mayRead = headers['Origin'] === FRIEND;
    expect(answer.headers['access-control-allow-origin']).toBe(mayRead ? FRIEND : undefined);
  });

  it.each(['HEAD', 'OPTIONS'])('takes %s for reading', async (method) => {
    const headers = { Cookie: browser.cookieHeader, 'Sec-Fetch-Site': 'cross-site' };
    const answer = await fetch(`${ferry.url}${API}/auth/session`, { method, headers });
    expect(answer.ok).toBe(true);
  });
});

describe('a change with an access token', () => {
  it.each([...refused, ...allowed])('from %s goes through', async (_, headers) => {
    const { auth } = user;
    const elsewhere = { ...filled(headers), ...auth };
    await browser.ask('patch', `${API}/users/me`, { displayName: user.username }, elsewhere).expect(200);
  });
});

describe('calls that set cookies, with no session yet', () => {
  const calls: [string, () => object][] = [
    ['/auth/session', () => ({ username: user.username, password: user.password })],
    ['/preferences', () => ({ locale: 'zh' })],
  ];
  const ofBrowsers = refused.filter(([, headers]) => Object.keys(headers).length > 0);
  const rows = (from: typeof refused) =>
    calls.flatMap(([path, body]) => from.map(([name, headers]) => [path, name, headers, body] as const));

  it.each(calls)('%s from a program, which says nothing of where it comes from', async (path, body) => {
    const answer = await new Browser(ferry).ask('post', `${API}${path}`, body());
    expect(answer.status).toBeLessThan(300);
  });

  it.each(calls)('%s with a cookie, from nowhere: 403', async (path, body) => {
    const headers = { Cookie: 'locale=en' };
    expectProblem(await new Browser(ferry).ask('post', `${API}${path}`, body(), headers), 403, 'cross_site');
  });

  it.each(rows(ofBrowsers))('%s from %s: 403, and no cookie', async (path, _, headers, body) => {
    const answer = await new Browser(ferry).ask('post', `${API}${path}`, body(), filled(headers));
    expectProblem(answer, 403, 'cross_site');
    expect(cookiesOf(answer)).toEqual([]);
  });

  it.each(rows(allowed))('%s from %s sets its cookies', async (path, _, headers, body) => {
    const answer = await new Browser(ferry).ask('post', `${API}${path}`, body(), filled(headers));
    expect(answer.status).toBeLessThan(300);
    expect(cookiesOf(answer)).toHaveLength(2);
  });

  it.each([['text/plain'], ['application/x-www-form-urlencoded']])('take no %s', async (type) => {
    for (const [path, body] of calls) {
      const answer = await request(ferry.url)
        .post(`${API}${path}`)
        .set({ 'Sec-Fetch-Site': 'same-origin', 'Content-Type': type })
        .send(JSON.stringify(body()));
      expectProblem(answer, 415, 'unsupported_media_type');
    }
  });
});

describe('with a public address', () => {
  const settings = { PUBLIC_URL: 'https://ferry.test', TRUSTED_PROXIES: '127.0.0.1' };
  let published: Ferry;

  beforeAll(async () => {
    published = await startFerry({ settings });
  });

  afterAll(() => published.stop());

  it.each([
    ['our address', 'https://ferry.test', 204],
    ['our address by http, which somebody on the way may have written', 'http://ferry.test', 403],
    ['our address with its port', 'https://ferry.test:443', 403],
    ['a part of our address', 'https://test', 403],
    ['a longer address', 'https://ferry.test.evil.example', 403],
  ])('%s counts by Origin: %s → %d', async (_, origin, status) => {
    await request(published.url)
      .post(`${API}/preferences`)
      .set({ Host: 'ferry.test', Origin: origin, 'X-Forwarded-Proto': 'http' })
      .send({ theme: 'dark' })
      .expect(status);
  });
});
