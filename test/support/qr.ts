import request, { type Response, type Test } from 'supertest';
import { Browser } from './browser';
import { API, type TestUser } from './factories';
import type { Ferry } from './ferry';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0';

/** A sign-in by QR code that a browser has begun. */
export interface Begun {
  id: string;
  ticket: string;
  qrSvg: string;
  expiresAt: string;
  browser: Browser;
}

/** Both sides of sign-ins by QR code: browsers, and phones. */
export class QrCalls {
  constructor(private readonly ferry: Ferry) {}

  async begin(browser = new Browser(this.ferry)): Promise<Begun> {
    const answer = await browser.send('post', '/auth/qr', undefined, { 'User-Agent': FIREFOX }).expect(201);
    return { ...(answer.body as Omit<Begun, 'browser'>), browser };
  }

  async confirmed(phone: TestUser, browser?: Browser): Promise<Begun> {
    const begun = await this.begin(browser);
    await this.scan(begun.ticket, phone).expect(200);
    await this.confirm(begun.id, true, phone).expect(204);
    return begun;
  }

  look({ id, browser }: Pick<Begun, 'id' | 'browser'>, query = ''): Test {
    return browser.send('get', `/auth/qr/${id}${query}`);
  }

  scan(ticket: string, phone: TestUser): Test {
    return this.post('scan', phone, { ticket });
  }

  confirm(id: string, approve: boolean, phone: TestUser): Test {
    return this.post('confirm', phone, { id, approve });
  }

  claim({ id, browser }: Pick<Begun, 'id' | 'browser'>): Test {
    return browser.send('post', `/auth/qr/${id}/claim`);
  }

  post(call: 'scan' | 'confirm', phone: TestUser, body: object): Test {
    return request(this.ferry.url).post(`${API}/auth/qr/${call}`).set(phone.auth).send(body);
  }

  /** Until so many requests wait for a change. */
  async untilWaiting(count: number): Promise<void> {
    while (this.ferry.services.qr.waiting !== count) await new Promise(setImmediate);
  }
}

/** What an answer says of a sign-in. */
export function stateIn(answer: Response): string {
  return (answer.body as { state: string }).state;
}
