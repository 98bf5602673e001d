import request, { type Test } from 'supertest';
import { Browser, cookiesOf } from '../support/browser';
import { API } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { expectProblem } from '../support/problems';

const YEAR = 365 * 24 * 60 * 60 * 1000;

let ferry: Ferry;

beforeAll(async () => {
  ferry = await startFerry();
});

afterAll(() => ferry.stop());

const choose = (browser: Browser, body: object): Test => browser.send('post', '/preferences', body);

const page = async (browser: Browser, path = '/'): Promise<string> =>
  (await browser.ask('get', path, undefined, { Accept: 'text/html', 'Accept-Language': 'en' })).text;

const rootOf = (html: string): string => /<html[^>]*>/.exec(html)?.[0] ?? '';

describe('POST /preferences', () => {
  it('keeps what is chosen for a year, signed', async () => {
    const answer = await choose(new Browser(ferry), { locale: 'zh', theme: 'dark' }).expect(204);
    const cookies = cookiesOf(answer);
    expect(cookies.map(({ name }) => name)).toEqual(['locale', 'locale.sig', 'theme', 'theme.sig']);
    expect(cookies[0]?.value).toBe('zh');
    expect(cookies[2]?.value).toBe('dark');
    for (const { attributes } of cookies) {
      expect(attributes).toEqual({
        path: '/',
        samesite: 'lax',
        httponly: true,
        expires: expect.any(String) as string,
      });
      const left = Date.parse(String(attributes['expires'])) - Date.now();
      expect(Math.abs(left - YEAR)).toBeLessThan(60 * 60 * 1000);
    }
  });

  it.each([
    [{ locale: 'en' }, ['locale', 'locale.sig']],
    [{ theme: 'auto' }, ['theme', 'theme.sig']],
    [{}, []],
  ])('sets no more than what is chosen: %j', async (body, names) => {
    const answer = await choose(new Browser(ferry), body).expect(204);
    expect(cookiesOf(answer).map(({ name }) => name)).toEqual(names);
  });

  it.each([
    [{ locale: 'fr' }],
    [{ locale: 'zh-CN' }],
    [{ locale: null }],
    [{ theme: 'blue' }],
    [{ theme: ['dark'] }],
    [{ theme: 'dark\r\nSet-Cookie: a=b' }],
    [{ locale: 'en', role: 'admin' }],
  ])('refuses %j', async (body) => {
    const answer = await choose(new Browser(ferry), body);
    expectProblem(answer, 400, 'invalid_request');
    expect(cookiesOf(answer)).toEqual([]);
  });

  it('over https sets them for https alone', async () => {
    const secure = await startFerry({ settings: { PUBLIC_URL: 'https://ferry.test' } });
    try {
      const answer = await request(secure.url)
        .post(`${API}/preferences`)
        .set({ Host: 'ferry.test', 'Sec-Fetch-Site': 'same-origin' })
        .send({ theme: 'light' })
        .expect(204);
      expect(cookiesOf(answer).map(({ attributes }) => attributes['secure'])).toEqual([true, true]);
    } finally {
      await secure.stop();
    }
  });
});

describe('pages', () => {
  it.each([
    ['the start page', '/'],
    ['the API page', '/docs'],
    ['an error page', '/nothing-here'],
  ])('honour what was chosen: %s', async (_, path) => {
    const browser = new Browser(ferry);
    expect(rootOf(await page(browser, path))).toBe('<html lang="en">');
    await choose(browser, { locale: 'zh', theme: 'dark' }).expect(204);
    const html = await page(browser, path);
    expect(rootOf(html)).toBe('<html lang="zh-CN" data-theme="dark">');
    expect(html).toMatch(/<option value="dark" selected>/);
    expect(html).toMatch(/<meta name="color-scheme" content="dark">/);
    await choose(browser, { locale: 'en', theme: 'auto' }).expect(204);
    expect(rootOf(await page(browser, path))).toBe('<html lang="en">');
  });

  it.each([
    [
      'without a signature',
      (browser: Browser) => ['locale.sig', 'theme.sig'].forEach((name) => browser.cookies.delete(name)),
    ],
    ['with other values', (browser: Browser) => browser.cookies.set('locale', 'zh-CN').set('theme', 'light')],
    [
      'with the signature of the other one',
      (browser: Browser) =>
        browser.cookies.set('locale.sig', browser.cookies.get('theme.sig') ?? '').set('theme', 'light'),
    ],
  ])('ignore cookies %s', async (_, change) => {
    const browser = new Browser(ferry);
    await choose(browser, { locale: 'zh', theme: 'dark' }).expect(204);
    change(browser);
    expect(rootOf(await page(browser))).toBe('<html lang="en">');
    expect(rootOf(await page(browser, '/nothing-here'))).toBe('<html lang="en">');
  });

  it.each([['"><script>alert(1)</script>'], ['dark" onload="x']])('print no cookie: %s', async (value) => {
    const browser = new Browser(ferry);
    browser.cookies.set('locale', value).set('theme', value);
    expect(await page(browser)).not.toContain(value);
  });

  it('differ by cookie for caches', async () => {
    const answer = await request(ferry.url).get('/').set('Accept', 'text/html').expect(200);
    expect(answer.headers['vary']).toMatch(/Accept-Language/);
    expect(answer.headers['vary']).toMatch(/Cookie/);
  });

  it('have a switch that works within the content security policy', async () => {
    const html = await page(new Browser(ferry));
    expect(html).toMatch(/<form class="preferences" action="\/api\/v1\/preferences"/);
    expect(html).toMatch(/<script src="\/js\/preferences\.js" defer><\/script>/);
    await request(ferry.url).get('/js/preferences.js').expect(200);
  });
});
