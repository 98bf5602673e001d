import type { BrowserContextOptions } from 'playwright-core';
import request from 'supertest';
import type { Visit } from '../support/chromium';
import { startFerry } from '../support/ferry';
import { LoginBench, PHONE_SIZE, signedIn, state } from '../support/login-bench';

const bench = new LoginBench();

beforeAll(() => bench.start());

afterEach(() => bench.tidy());

afterAll(() => bench.stop());

describe('the development phone', () => {
  async function openPhone(ticket: string, options?: BrowserContextOptions): Promise<Visit> {
    const phone = await bench.open(`/login/scan?t=${ticket}`, options);
    await phone.page.getByRole('link', { name: 'Open the development phone' }).click();
    await phone.page.getByLabel('Name').fill('lilei');
    await phone.page.getByLabel('Password', { exact: true }).last().fill(bench.user.password);
    await phone.page.getByRole('button', { name: 'Sign in' }).click();
    return phone;
  }

  it('lets the browser in', async () => {
    const { page } = await bench.openLogin();
    const phone = await openPhone(bench.ticket(), PHONE_SIZE);
    expect(await phone.page.getByLabel('Link or ticket of the QR code').inputValue()).toBe(bench.ticket());
    await phone.picture('dev-phone-scan');
    await phone.page.getByRole('button', { name: 'Scan' }).click();
    await state(page, 'scanned');
    const shown = await page.locator('strong[data-qr-match]').innerText();
    expect(await phone.page.locator('[data-ask="matchCode"]').innerText()).toBe(shown);
    expect(await phone.page.locator('[data-ask="browser"]').innerText()).toBe('Chrome on Linux');
    await phone.picture('dev-phone-ask');
    await phone.page.getByRole('button', { name: 'Allow' }).click();
    await signedIn(page);
    await phone.page.getByText('Allowed.').waitFor();
    expect(phone.complaints).toEqual([]);
  });

  it('refuses', async () => {
    const { page } = await bench.openLogin();
    const phone = await openPhone(bench.ticket());
    await phone.page.getByLabel('Link or ticket').fill(`${bench.ferry.url}/login/scan?t=${bench.ticket()}`);
    await phone.page.getByRole('button', { name: 'Scan' }).click();
    await phone.page.getByRole('button', { name: 'Refuse' }).click();
    await state(page, 'cancelled');
    await phone.page.getByText('Refused.').waitFor();
    await phone.picture('dev-phone-desktop');
  });

  it('says what the server says of a ticket that is no good', async () => {
    const phone = await openPhone('A'.repeat(22));
    await phone.page.getByRole('button', { name: 'Scan' }).click();
    await phone.page.getByText('no QR code of a sign-in').waitFor();
    await phone.page.getByLabel('Link or ticket').fill('nonsense');
    await phone.page.getByRole('button', { name: 'Scan' }).click();
    await phone.page.getByText('There is no ticket in this text.').waitFor();
    await phone.picture('dev-phone-wrong');
  });

  it('can be a new user', async () => {
    const phone = await bench.open('/dev/phone', { locale: 'zh-CN' });
    await phone.page.getByLabel('新用户').check();
    await phone.page.getByLabel('名字').fill('hanmeimei');
    await phone.page.locator('#phone-password').fill('a password of some length');
    await phone.page.locator('[data-phone="sign-in"] button').click();
    await phone.page.getByText('hanmeimei').waitFor();
    await phone.picture('dev-phone-zh');
    await phone.page.getByRole('button', { name: '退出登录' }).click();
    await phone.page.getByLabel('名字').waitFor();
    expect(phone.complaints).toEqual([]);
  });

  it('can sign in by a WeChat code, without a password', async () => {
    const { page } = await bench.openLogin();
    const phone = await bench.open(`/dev/phone?t=${bench.ticket()}`);
    await phone.page.getByLabel('WeChat code for development').check();
    await phone.page.getByLabel('Name').fill('river');
    expect(await phone.page.locator('#phone-password').isVisible()).toBe(false);
    await phone.page.getByRole('button', { name: 'Sign in' }).click();
    await phone.page.getByRole('button', { name: 'Scan' }).click();
    await phone.page.getByRole('button', { name: 'Allow' }).click();
    await signedIn(page);
    expect(phone.complaints).toEqual([]);
  });

  it('does not exist in production', async () => {
    const production = await startFerry({ settings: { NODE_ENV: 'production', LOG_FORMAT: 'json' } });
    try {
      await request(production.url).get('/dev/phone').expect(404);
      const page = await request(production.url)
        .get(`/login/scan?t=${'A'.repeat(22)}`)
        .expect(200);
      expect(page.text).not.toContain('/dev/phone');
    } finally {
      await production.stop();
    }
  });
});
