import http from 'node:http';
import { Browser, cookiesOf } from '../support/browser';
import { API, makeUser, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { expectProblem } from '../support/problems';
import { QrCalls, stateIn } from '../support/qr';

let ferry: Ferry;
let calls: QrCalls;
let offsetMs = 0;
let phone: TestUser;

beforeAll(async () => {
  ferry = await startFerry({ now: () => new Date(Date.now() + offsetMs) });
  calls = new QrCalls(ferry);
  phone = await makeUser(ferry, { username: 'lilei' });
});

afterEach(() => {
  offsetMs = 0;
});

afterAll(() => ferry.stop());

describe('POST /auth/qr', () => {
  it('gives a code to show and a cookie to claim it', async () => {
    const answer = await new Browser(ferry).send('post', '/auth/qr').expect(201);
    const { id, ticket, qrSvg, expiresAt } = answer.body as Record<string, string>;
    expect(ticket).toMatch(/^[\w-]{22}$/);
    expect(expiresAt).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(answer.headers['location']).toBe(`${API}/auth/qr/${id!}`);
    expect(answer.headers['cache-control']).toBe('no-store');
    const [cookie, ...more] = cookiesOf(answer);
    expect(more).toEqual([]);
    expect(cookie).toEqual({
      name: 'ferry.qr',
      value: expect.stringMatching(/^[\w-]{43}$/) as string,
      attributes: { path: '/', expires: expect.any(String) as string, samesite: 'lax', httponly: true },
    });
    expect(answer.text).not.toContain(cookie!.value);
    expect(qrSvg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 (\d+) \1"/);
    expect(qrSvg).not.toMatch(/style|script|href/);
  });

  it('ties the cookie to the host over https', async () => {
    const tls = await startFerry({ settings: { PUBLIC_URL: 'https://ferry.example' } });
    try {
      const browser = new Browser(tls);
      const answer = await browser.send('post', '/auth/qr', undefined, { Host: 'ferry.example' }).expect(201);
      const [cookie] = cookiesOf(answer);
      expect(cookie).toMatchObject({
        name: '__Host-ferry.qr',
        attributes: { path: '/', secure: true, httponly: true, samesite: 'lax' },
      });
      const { id } = answer.body as { id: string };
      await browser.send('get', `/auth/qr/${id}`, undefined, { Host: 'ferry.example' }).expect(200);
    } finally {
      await tls.stop();
    }
  });

  it.each([
    ['a cookie, and no word of where it comes from', { Cookie: 'locale=en' }],
    ['another site', { 'Sec-Fetch-Site': 'cross-site' }],
    ['another host of the site', { 'Sec-Fetch-Site': 'same-site' }],
    ['another origin', { Origin: 'https://evil.example' }],
  ])('is refused to other pages: %s', async (_name, headers) => {
    const answer = await new Browser(ferry).ask('post', `${API}/auth/qr`, undefined, headers);
    expectProblem(answer, 403, 'cross_site');
    expect(cookiesOf(answer)).toEqual([]);
  });

  it('is limited by address', async () => {
    const strict = await startFerry({ settings: { QR_LIMIT: '2' } });
    try {
      await new QrCalls(strict).begin();
      await new QrCalls(strict).begin();
      const answer = await new Browser(strict).send('post', '/auth/qr');
      expectProblem(answer, 429, 'rate_limited');
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    } finally {
      await strict.stop();
    }
  });
});

describe('GET /auth/qr/:id', () => {
  it('tells the browser that holds the cookie, step by step', async () => {
    const begun = await calls.begin();
    expect((await calls.look(begun).expect(200)).body).toEqual({ state: 'created' });
    const scanned = (await calls.scan(begun.ticket, phone).expect(200)).body as { matchCode: string };
    const seen = { matchCode: scanned.matchCode, scannedBy: { displayName: 'lilei' } };
    const answer = await calls.look(begun).expect(200);
    expect(answer.body).toEqual({ state: 'scanned', ...seen });
    expect(answer.headers['cache-control']).toBe('no-store');
    await calls.confirm(begun.id, true, phone).expect(204);
    expect((await calls.look(begun)).body).toEqual({ state: 'confirmed', ...seen });
    const kept = { id: begun.id, browser: begun.browser.copy() };
    await calls.claim(begun).expect(200);
    expect((await calls.look(kept)).body).toEqual({ state: 'expired', ...seen });
  });

  it('tells nobody else', async () => {
    const [{ id, ticket, browser }, another] = [await calls.begin(), await calls.begin()];
    const planted = browser.copy();
    planted.cookies.set('ferry.qr', ticket);
    for (const [ofId, by] of [
      [id, another.browser],
      [id, new Browser(ferry)],
      [id, planted],
      ['nothing', browser],
    ] as const) {
      expectProblem(await calls.look({ id: ofId, browser: by }), 404, 'not_found');
      expectProblem(await calls.look({ id: ofId, browser: by }, '?wait=25'), 404, 'not_found');
    }
  });

  it('is replaced by a newer one of the same browser', async () => {
    const begun = await calls.begin();
    await calls.begin(begun.browser);
    expectProblem(await calls.look(begun), 404, 'not_found');
  });

  it('says when it has expired', async () => {
    const begun = await calls.begin();
    offsetMs = 120_000;
    expect((await calls.look(begun).expect(200)).body).toEqual({ state: 'expired' });
  });

  it.each(['?wait=26', '?wait=-1', '?wait=x', '?wait=1&wait=2', '?state=claimed', '?other=1'])(
    'refuses %s',
    async (query) => {
      expectProblem(await calls.look(await calls.begin(), query), 400, 'invalid_request');
    },
  );
});

describe('GET /auth/qr/:id?wait=', () => {
  it('is answered as soon as something changes', async () => {
    const begun = await calls.begin();
    const waiting = calls.look(begun, '?wait=25').then(stateIn);
    await calls.untilWaiting(1);
    await calls.scan(begun.ticket, phone).expect(200);
    expect(await waiting).toBe('scanned');
    const next = calls.look(begun, '?wait=25&state=scanned').then(stateIn);
    await calls.untilWaiting(1);
    await calls.confirm(begun.id, false, phone).expect(204);
    expect(await next).toBe('cancelled');
    expect(ferry.services.qr.waiting).toBe(0);
  });

  it('is answered at once for who knows an older state', async () => {
    const begun = await calls.begin();
    await calls.scan(begun.ticket, phone).expect(200);
    expect(stateIn(await calls.look(begun, '?wait=25&state=created').expect(200))).toBe('scanned');
  });

  it('is answered at its end', async () => {
    expect(stateIn(await calls.look(await calls.begin(), '?wait=1').expect(200))).toBe('created');
  });

  it('ends when the client leaves', async () => {
    const { id, browser } = await calls.begin();
    const headers = { Cookie: browser.cookieHeader };
    const waiting = http.get(`${ferry.url}${API}/auth/qr/${id}?wait=25`, { headers });
    waiting.on('error', () => undefined);
    await calls.untilWaiting(1);
    waiting.destroy();
    await calls.untilWaiting(0);
  });

  it('is for a few requests for one sign-in, the newest ones', async () => {
    const begun = await calls.begin();
    const waiting: Promise<string>[] = [];
    for (const count of [1, 2, 3]) {
      waiting.push(calls.look(begun, '?wait=25').then(stateIn));
      await calls.untilWaiting(count);
    }
    waiting.push(calls.look(begun, '?wait=25').then(stateIn));
    expect(await waiting[0]).toBe('created');
    await calls.untilWaiting(3);
    await calls.scan(begun.ticket, phone).expect(200);
    expect(await Promise.all(waiting)).toEqual(['created', 'scanned', 'scanned', 'scanned']);
  });
});
