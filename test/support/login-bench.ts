import request from 'supertest';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { CreatedQr } from '../../src/services/qr';
import { startChromium, visit, type Visit } from './chromium';
import { API, makeUser, type TestUser } from './factories';
import { startFerry, type Ferry } from './ferry';
import { QrCalls } from './qr';

/** A phone of 375 × 812, for `open`. */
export const PHONE_SIZE = {
  viewport: { width: 375, height: 812 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
};

/** A server as in development, Chromium, and a user with a phone. */
export class LoginBench {
  /** Added to the server's clock, in milliseconds. */
  offsetMs = 0;
  user!: TestUser;
  calls!: QrCalls;
  ferry!: Ferry;
  /** Every code that was made. */
  private readonly created: CreatedQr[] = [];
  private visits: Visit[] = [];
  private chromium!: Browser;
  /** What is to be stopped, as far as it was started. */
  private readonly stops: (() => Promise<void>)[] = [];

  /** @throws when there is no Chromium */
  async start(): Promise<void> {
    const chromium = await startChromium();
    this.stops.unshift(() => chromium.close());
    this.chromium = chromium;
    const ferry = await startFerry({
      settings: { NODE_ENV: 'development', WECHAT_DEV: '1' },
      now: () => new Date(Date.now() + this.offsetMs),
    });
    this.stops.unshift(() => ferry.stop());
    this.ferry = ferry;
    this.calls = new QrCalls(ferry);
    this.noteCodes();
    this.user = await makeUser(ferry, { username: 'lilei' });
    const displayName = 'Li Lei 李雷';
    await request(ferry.url).patch(`${API}/users/me`).set(this.user.auth).send({ displayName }).expect(200);
  }

  async open(path: string, options?: BrowserContextOptions): Promise<Visit> {
    const opened = await visit(this.chromium, `${this.ferry.url}${path}`, options);
    this.visits.push(opened);
    return opened;
  }

  /** Opens /login, with its code in sight. */
  async openLogin(options?: BrowserContextOptions): Promise<Visit> {
    const opened = await this.open('/login', options);
    await state(opened.page, 'created');
    return opened;
  }

  /** That of the newest code. */
  ticket(): string {
    const newest = this.created.at(-1);
    if (!newest) throw new Error('no code was made');
    return newest.ticket;
  }

  /** Scans as the phone would. */
  async scan(ticket = this.ticket()): Promise<{ id: string; matchCode: string }> {
    return (await this.calls.scan(ticket, this.user).expect(200)).body as { id: string; matchCode: string };
  }

  /** After each test. */
  async tidy(): Promise<void> {
    await Promise.all(this.visits.map((one) => one.close()));
    this.visits = [];
    this.offsetMs = 0;
  }

  async stop(): Promise<void> {
    for (const stop of this.stops) await stop();
  }

  private noteCodes(): void {
    const { qr } = this.ferry.services;
    const create = qr.create.bind(qr);
    jest.spyOn(qr, 'create').mockImplementation(async (userAgent) => {
      const made = await create(userAgent);
      this.created.push(made);
      return made;
    });
  }
}

/** Until the panel of the QR code is in this state. */
export function state(page: Page, name: string): Promise<unknown> {
  return page.waitForSelector(`[data-qr="${name}"]`);
}

/** Until the page says who is signed in. */
export function signedIn(page: Page): Promise<unknown> {
  return page.waitForSelector('[data-sign-out]');
}

/** What is said of the QR code. */
export function words(page: Page): Promise<string> {
  return page.locator('.qr-words').innerText();
}
