import { LoginBench, PHONE_SIZE, signedIn, state, words } from '../support/login-bench';

const bench = new LoginBench();

beforeAll(() => bench.start());

afterEach(() => bench.tidy());

afterAll(() => bench.stop());

describe('signing in with a password', () => {
  it('works, says who is signed in, and out again', async () => {
    const { page, complaints, picture } = await bench.openLogin();
    await page.getByLabel('User name').fill('lilei');
    await page.getByLabel('Password', { exact: true }).fill(bench.user.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await signedIn(page);
    expect(await page.locator('[data-who]').innerText()).toBe('Li Lei 李雷');
    await picture('login-signed-in');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await state(page, 'created');
    expect(complaints).toEqual([]);
  });

  it('says what is wrong and lets one try again', async () => {
    const { page, picture } = await bench.openLogin();
    await page.getByLabel('User name').fill('lilei');
    await page.getByLabel('Password', { exact: true }).fill('wrong');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('Wrong user name or password').waitFor();
    expect(await page.evaluate('document.activeElement.id')).toBe('password');
    await picture('login-wrong-password');
    await page.keyboard.type(bench.user.password);
    await page.keyboard.press('Enter');
    await signedIn(page);
  });

  it('shows the password to who asks', async () => {
    const { page } = await bench.openLogin();
    const field = page.getByLabel('Password', { exact: true });
    await page.getByLabel('Show password').check();
    expect(await field.getAttribute('type')).toBe('text');
    await page.getByLabel('Show password').uncheck();
    expect(await field.getAttribute('type')).toBe('password');
  });

  it('tells who has no JavaScript', async () => {
    const { page, picture } = await bench.open('/login', { javaScriptEnabled: false });
    expect(await page.locator('noscript').innerText()).toContain('JavaScript');
    expect(await page.getByRole('button', { name: 'Sign in' }).count()).toBe(0);
    await picture('login-no-script');
  });
});

describe('signing in by QR code', () => {
  it('shows each step, and ends signed in', async () => {
    const { page, complaints, picture } = await bench.openLogin();
    expect(await words(page)).toContain('Scan the code');
    expect(await page.getByAltText('QR code for signing in').isVisible()).toBe(true);
    expect(await page.evaluate('document.querySelector("[data-qr-image]").naturalWidth')).toBeGreaterThan(0);
    await picture('login-desktop');
    const { id, matchCode } = await bench.scan();
    await state(page, 'scanned');
    expect(await page.locator('strong[data-qr-match]').innerText()).toBe(matchCode);
    expect(await words(page)).toMatch(/Confirm on your phone[^]*Scanned by Li Lei 李雷/);
    await picture('login-scanned');
    await bench.calls.confirm(id, true, bench.user).expect(204);
    await signedIn(page);
    expect(await page.title()).toBe('You are signed in · Ferry');
    expect(complaints).toEqual([]);
  });

  it('says when the phone refuses, and begins again', async () => {
    const { page, complaints, picture } = await bench.openLogin();
    const { id } = await bench.scan();
    await state(page, 'scanned');
    await bench.calls.confirm(id, false, bench.user).expect(204);
    await state(page, 'cancelled');
    await picture('login-refused');
    const before = bench.ticket();
    await page.getByRole('button', { name: 'Show a new code' }).click();
    await state(page, 'created');
    expect(bench.ticket()).not.toBe(before);
    expect(complaints).toEqual([]);
  });

  it('renews a code that nobody has scanned, quietly', async () => {
    const { page, complaints } = await bench.openLogin();
    const before = bench.ticket();
    const image = page.locator('[data-qr-image]');
    const drawn = await image.getAttribute('src');
    bench.offsetMs = 120_000;
    await page.waitForSelector(`[data-qr-image]:not([src="${drawn!}"])`);
    await state(page, 'created');
    expect(bench.ticket()).not.toBe(before);
    expect(complaints).toEqual([]);
  });

  it('does not renew one that waits for an answer of the phone', async () => {
    const { page, complaints, picture } = await bench.openLogin();
    await bench.scan();
    await state(page, 'scanned');
    bench.offsetMs = 120_000;
    await state(page, 'expired');
    expect(await words(page)).toContain('The code has expired');
    await picture('login-expired');
    await page.getByRole('button', { name: 'Show a new code' }).click();
    await state(page, 'created');
    expect(complaints).toEqual([]);
  });

  it('does not fight with another window of the same browser', async () => {
    const { page, picture } = await bench.openLogin();
    const first = bench.ticket();
    const second = await page.context().newPage();
    await second.goto(`${bench.ferry.url}/login`);
    await state(second, 'created');
    await bench.scan(first);
    await state(page, 'replaced');
    await picture('login-replaced');
    await state(second, 'created');
  });

  it('goes on after a break of the network', async () => {
    const { page, picture } = await bench.openLogin();
    await page.context().setOffline(true);
    await bench.scan();
    await state(page, 'offline');
    await picture('login-offline');
    await page.context().setOffline(false);
    await state(page, 'scanned');
  });

  it('says when there were too many', async () => {
    const { page, picture } = await bench.openLogin();
    await page.route('**/auth/qr', (route) => route.fulfill({ status: 429, json: { code: 'rate_limited' } }));
    await page.reload();
    await state(page, 'limited');
    await picture('login-limited');
  });

  it('ends the wait when the page is left', async () => {
    const { page } = await bench.openLogin();
    await bench.calls.untilWaiting(1);
    await page.goto(`${bench.ferry.url}/`);
    await bench.calls.untilWaiting(0);
  });
});

describe('the page', () => {
  it.each([
    ['login-zh', 'zh-CN', 'light', {}],
    ['login-zh-dark-phone', 'zh-CN', 'dark', PHONE_SIZE],
    ['login-dark', 'en-US', 'dark', {}],
    ['login-phone', 'en-US', 'light', PHONE_SIZE],
  ] as const)('%s fits and is in its language', async (name, locale, colorScheme, size) => {
    const { page, complaints, picture } = await bench.openLogin({ locale, colorScheme, ...size });
    const chinese = locale === 'zh-CN';
    expect(await page.locator('html').getAttribute('lang')).toBe(chinese ? 'zh-CN' : 'en');
    expect(await words(page)).toContain(chinese ? '请扫描二维码' : 'Scan the code');
    expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true);
    await picture(name);
    await bench.scan();
    await state(page, 'scanned');
    await picture(`${name}-scanned`);
    expect(complaints).toEqual([]);
  });

  it('is usable with the keyboard alone', async () => {
    const { page, picture } = await bench.openLogin();
    const focused = () => page.evaluate<string>('document.activeElement.id');
    for (let presses = 0; (await focused()) !== 'username'; presses += 1) {
      expect(presses).toBeLessThan(20);
      await page.keyboard.press('Tab');
    }
    await picture('login-focus');
    await page.keyboard.type('lilei');
    await page.keyboard.press('Tab');
    await page.keyboard.type(bench.user.password);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    expect(await page.getByLabel('Show password').isChecked()).toBe(true);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await signedIn(page);
  });

  it('announces changes', async () => {
    const { page } = await bench.openLogin();
    expect(await page.locator('.qr-words').getAttribute('role')).toBe('status');
    expect(await page.locator('[data-failure="other"]').locator('..').getAttribute('role')).toBe('alert');
  });

  it('explains itself to a phone whose camera opened the code as a link', async () => {
    const { page, complaints, picture } = await bench.open(`/login/scan?t=${'A'.repeat(22)}`, {
      locale: 'zh-CN',
      ...PHONE_SIZE,
    });
    expect(await page.locator('h1').innerText()).toBe('请用小程序扫描此二维码');
    await picture('login-scan-link');
    expect(complaints).toEqual([]);
  });
});
