import { createHmac, randomBytes } from 'node:crypto';
import request from 'supertest';
import { createSession, getSession } from '../../src/schemas/sessions';
import { Browser, cookiesOf, isSignedIn, sessionKeyOf } from '../support/browser';
import { API, makeFile, makeUser, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { expectProblem } from '../support/problems';

const DAY = 24 * 60 * 60 * 1000;

let ferry: Ferry;
let user: TestUser;

beforeAll(async () => {
  ferry = await startFerry();
  user = await makeUser(ferry);
});

afterAll(() => ferry.stop());

describe('POST /auth/session', () => {
  it('signs a browser in with one cookie, which only the server reads', async () => {
    const browser = new Browser(ferry);
    const answer = await browser.signIn(user);
    expect(createSession.responses[200]?.schema?.parse(answer.body)).toEqual(answer.body);
    expect(answer.body).toMatchObject({ user: { id: user.id, username: user.username } });
    expect(answer.headers['cache-control']).toBe('no-store');
    const [session, signature, ...others] = cookiesOf(answer);
    expect(others).toEqual([]);
    expect(signature?.name).toBe('ferry.sid.sig');
    for (const cookie of [session, signature]) {
      expect(cookie?.attributes).toEqual({
        path: '/',
        samesite: 'lax',
        httponly: true,
        expires: expect.any(String) as string,
      });
      const days = (Date.parse(String(cookie?.attributes['expires'])) - Date.now()) / DAY;
      expect(Math.round(days)).toBe(14);
    }
    expect(session?.name).toBe('ferry.sid');
    expect(session?.value).toMatch(/^[\w-]{43}$/);

    const current = await browser.send('get', '/auth/session').expect(200);
    expect(getSession.responses[200]?.schema?.parse(current.body)).toEqual(current.body);
    expect(current.body).toEqual(answer.body);
    expect(current.headers['cache-control']).toBe('no-store');
    await browser.send('get', '/users/me').expect(200);
  });

  it('says no more of an unknown user than of a wrong password, and sets no cookie', async () => {
    const attempt = (username: string) =>
      new Browser(ferry).send('post', '/auth/session', { username, password: 'wrong' });
    const [unknown, wrong] = [await attempt('nobody'), await attempt(user.username)];
    const problem = expectProblem(unknown, 401, 'invalid_credentials');
    expect({ ...expectProblem(wrong, 401, 'invalid_credentials'), requestId: '' }).toEqual({
      ...problem,
      requestId: '',
    });
    expect([...cookiesOf(unknown), ...cookiesOf(wrong)]).toEqual([]);
  });

  it.each([
    ['no body', undefined],
    ['no password', { username: 'x' }],
    ['an object for a name', { username: { $ne: null }, password: 'x' }],
    ['an unknown field', { username: 'x', password: 'x', role: 'admin' }],
  ])('refuses %s', async (_, body) => {
    expectProblem(await new Browser(ferry).send('post', '/auth/session', body), 400, 'invalid_request');
  });

  it('takes JSON only as JSON', async () => {
    const { username, password } = user;
    const answer = await request(ferry.url)
      .post(`${API}/auth/session`)
      .set('Sec-Fetch-Site', 'same-origin')
      .set('Content-Type', 'text/plain')
      .send(JSON.stringify({ username, password }));
    expectProblem(answer, 415, 'unsupported_media_type');
  });
});

describe('the id of a session', () => {
  it('is never one that somebody planted, even if it were signed as ours are', async () => {
    const planted = new Browser(ferry);
    planted.cookies.set('ferry.sid', randomBytes(32).toString('base64url'));
    const [key = ''] = ferry.app.keys as string[];
    const signature = createHmac('sha1', key).update(`ferry.sid=${planted.sessionId}`).digest('base64url');
    planted.cookies.set('ferry.sid.sig', signature);
    const victim = planted.copy();
    await victim.signIn(user);
    expect(victim.sessionId).not.toBe(planted.sessionId);
    expect(await isSignedIn(victim)).toBe(true);
    expect(await isSignedIn(planted)).toBe(false);
  });

  it('is never one that somebody planted, not even one that was ours', async () => {
    const attacker = await Browser.signedIn(ferry, await makeUser(ferry));
    const planted = attacker.copy();
    await attacker.send('delete', '/auth/session').expect(204);
    const victim = planted.copy();
    await victim.signIn(user);
    expect(victim.sessionId).not.toBe(planted.sessionId);
    expect(await isSignedIn(victim)).toBe(true);
    expect(await isSignedIn(planted)).toBe(false);
  });

  it('changes at each sign-in, and the one before is dead', async () => {
    const browser = await Browser.signedIn(ferry, user);
    const before = browser.copy();
    await browser.signIn(user);
    expect(browser.sessionId).not.toBe(before.sessionId);
    expect(await isSignedIn(browser)).toBe(true);
    expect(await isSignedIn(before)).toBe(false);
  });

  it('of an attacker who signs the victim in gives the attacker nothing', async () => {
    const attacker = await Browser.signedIn(ferry, await makeUser(ferry));
    const victim = attacker.copy();
    await victim.signIn(user);
    expect(await isSignedIn(attacker)).toBe(false);
  });

  it('leaves the session before alone when the sign-in fails', async () => {
    const browser = await Browser.signedIn(ferry, user);
    await browser.send('post', '/auth/session', { username: user.username, password: 'wrong' }).expect(401);
    expect(await isSignedIn(browser)).toBe(true);
  });

  it.each([
    ['without its signature', (browser: Browser) => browser.cookies.delete('ferry.sid.sig')],
    ['with another signature', (browser: Browser) => browser.cookies.set('ferry.sid.sig', 'x'.repeat(27))],
    ['that is empty', (browser: Browser) => browser.cookies.set('ferry.sid', '')],
    ['that is 3 kB long', (browser: Browser) => browser.cookies.set('ferry.sid', 'x'.repeat(3000))],
    [
      'that is the name of an object member',
      (browser: Browser) => browser.cookies.set('ferry.sid', '__proto__'),
    ],
  ])("is nobody's %s", async (_, change) => {
    const browser = await Browser.signedIn(ferry, user);
    change(browser);
    expectProblem(await browser.send('get', '/auth/session'), 401, 'unauthenticated');
  });
});

describe('DELETE /auth/session', () => {
  it('ends the session for good, and takes the cookie back', async () => {
    const browser = await Browser.signedIn(ferry, user);
    const thief = browser.copy();
    const answer = await browser.send('delete', '/auth/session').expect(204);
    expect(cookiesOf(answer).map(({ name, value }) => [name, value])).toEqual([
      ['ferry.sid', ''],
      ['ferry.sid.sig', expect.any(String) as string],
    ]);
    expect(browser.sessionId).toBeUndefined();
    expectProblem(await thief.send('get', '/auth/session'), 401, 'unauthenticated');
    await expect(ferry.stores.keyvalue.get(sessionKeyOf(thief))).resolves.toBeNull();
  });

  it('holds even if the session came back into the store', async () => {
    const browser = await Browser.signedIn(ferry, user);
    const thief = browser.copy();
    const session = await ferry.stores.keyvalue.get(sessionKeyOf(browser));
    await browser.send('delete', '/auth/session').expect(204);
    await ferry.stores.keyvalue.set(sessionKeyOf(thief), String(session));
    expectProblem(await thief.send('get', '/auth/session'), 401, 'unauthenticated');
  });

  it('is done already for a browser that is not signed in', async () => {
    const browser = new Browser(ferry);
    expect(cookiesOf(await browser.send('delete', '/auth/session').expect(204))).toEqual([]);
    const gone = await Browser.signedIn(ferry, user);
    await gone.copy().send('delete', '/auth/session').expect(204);
    await gone.send('delete', '/auth/session').expect(204);
    expect(gone.sessionId).toBeUndefined();
  });

  it('of one browser leaves the others alone', async () => {
    const [one, other] = [await Browser.signedIn(ferry, user), await Browser.signedIn(ferry, user)];
    await one.send('delete', '/auth/session').expect(204);
    expect(await isSignedIn(other)).toBe(true);
  });

  it('of an access token ends its sign-in', async () => {
    const { auth } = await makeUser(ferry);
    await request(ferry.url).delete(`${API}/auth/session`).set(auth).expect(204);
    expectProblem(await request(ferry.url).get(`${API}/auth/session`).set(auth), 401, 'invalid_token');
  });
});

describe('POST /auth/logout', () => {
  it('ends the session of the browser, too', async () => {
    const browser = await Browser.signedIn(ferry, user);
    const thief = browser.copy();
    await browser.send('post', '/auth/logout').expect(204);
    expect(browser.sessionId).toBeUndefined();
    expect(await isSignedIn(thief)).toBe(false);
  });

  it('with a token and a cookie ends both for our own pages, and the token alone for all others', async () => {
    const browser = await Browser.signedIn(ferry, user);
    const one = await makeUser(ferry);
    const elsewhere = { 'Sec-Fetch-Site': 'cross-site', ...one.auth };
    await browser.ask('post', `${API}/auth/logout`, {}, elsewhere).expect(204);
    expect(await isSignedIn(browser)).toBe(true);
    const other = await makeUser(ferry);
    await browser.send('post', '/auth/logout', {}, other.auth).expect(204);
    expect(browser.sessionId).toBeUndefined();
    for (const { auth } of [one, other])
      await request(ferry.url).get(`${API}/users/me`).set(auth).expect(401);
  });
});

describe('a token and a cookie', () => {
  it('are judged by the token alone', async () => {
    const browser = await Browser.signedIn(ferry, user);
    const other = await makeUser(ferry);
    const answer = await browser.send('get', '/users/me', undefined, other.auth).expect(200);
    expect(answer.body).toMatchObject({ id: other.id });
    const bad = { Authorization: 'Bearer abc' };
    expectProblem(await browser.send('get', '/users/me', undefined, bad), 401, 'invalid_token');
    const basic = { Authorization: 'Basic dXNlcjpwYXNz' };
    expectProblem(await browser.send('get', '/users/me', undefined, basic), 401, 'unauthenticated');
  });
});

describe('two tabs', () => {
  it('share the session: what one does holds for the other', async () => {
    const one = await Browser.signedIn(ferry, user);
    const two = one.copy();
    expect(await isSignedIn(two)).toBe(true);
    await Promise.all([one.send('get', '/users/me').expect(200), two.send('get', '/users/me').expect(200)]);
    await two.send('delete', '/auth/session').expect(204);
    expect(await isSignedIn(one)).toBe(false);
  });

  it('that sign in at once end with two sign-ins, each of its own id', async () => {
    const tabs = [new Browser(ferry), new Browser(ferry)];
    await Promise.all(tabs.map((tab) => tab.signIn(user)));
    expect(new Set(tabs.map(({ sessionId }) => sessionId)).size).toBe(2);
    for (const tab of tabs) expect(await isSignedIn(tab)).toBe(true);
  });
});

describe('where nobody has to be signed in', () => {
  it('a session that is dead makes somebody nobody, and is no error', async () => {
    const { id, bytes } = await makeFile(ferry, await makeUser(ferry), { visibility: 'public' });
    const browser = await Browser.signedIn(ferry, user);
    const dead = browser.copy();
    await browser.send('delete', '/auth/session').expect(204);
    expect((await dead.send('get', `/files/${id}/content`).expect(200)).body).toEqual(bytes);
  });

  it('a session lets its user see what is theirs', async () => {
    const owner = await makeUser(ferry);
    const { id, bytes } = await makeFile(ferry, owner);
    const browser = await Browser.signedIn(ferry, owner);
    expect((await browser.send('get', `/files/${id}/content`).expect(200)).body).toEqual(bytes);
    const other = await Browser.signedIn(ferry, user);
    expectProblem(await other.send('get', `/files/${id}/content`), 404, 'not_found');
  });
});

describe('over https', () => {
  it('the cookie is tied to the host and to https, also where TLS ends at a proxy', async () => {
    const secure = await startFerry({ settings: { PUBLIC_URL: 'https://ferry.test' } });
    try {
      const one = await makeUserAt(secure, 'ferry.test');
      const browser = new Browser(secure);
      const answer = await browser
        .ask('post', `${API}/auth/session`, one, { Host: 'ferry.test', Origin: 'https://ferry.test' })
        .expect(200);
      const cookies = cookiesOf(answer);
      expect(cookies.map(({ name }) => name)).toEqual(['__Host-ferry.sid', '__Host-ferry.sid.sig']);
      for (const { attributes } of cookies) {
        // Without `domain`, as the prefix asks (RFC 6265bis §4.1.3.2).
        expect(attributes).toEqual({
          path: '/',
          secure: true,
          httponly: true,
          samesite: 'lax',
          expires: expect.any(String) as string,
        });
      }
      const host = { Host: 'ferry.test' };
      await browser.ask('get', `${API}/auth/session`, undefined, host).expect(200);
      const plain = browser.copy();
      for (const [name, value] of browser.cookies) plain.cookies.set(name.replace('__Host-', ''), value);
      plain.cookies.delete('__Host-ferry.sid');
      await plain.ask('get', `${API}/auth/session`, undefined, host).expect(401);
    } finally {
      await secure.stop();
    }
  });
});

async function makeUserAt(server: Ferry, host: string): Promise<{ username: string; password: string }> {
  const credentials = { username: 'secured', password: 'a password of some length' };
  await request(server.url).post(`${API}/auth/register`).set('Host', host).send(credentials).expect(201);
  return credentials;
}
