import { createHash } from 'node:crypto';
import request, { type Response, type Test } from 'supertest';
import { API, type TestUser } from './factories';
import type { Ferry } from './ferry';

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** A cookie as an answer set it. */
export interface SetCookie {
  name: string;
  value: string;
  /** By lower-case name; true for one without a value. */
  attributes: Record<string, string | true>;
}

/** A browser as far as its cookies go: it keeps what it is given and sends it along, from our own pages. */
export class Browser {
  readonly cookies = new Map<string, string>();

  constructor(readonly ferry: Ferry) {}

  /** Signed in by user name and password. */
  static async signedIn(ferry: Ferry, user: TestUser): Promise<Browser> {
    const browser = new Browser(ferry);
    await browser.signIn(user);
    return browser;
  }

  /** The cookie of the session; undefined when there is none. */
  get sessionId(): string | undefined {
    return this.cookies.get('ferry.sid') ?? this.cookies.get('__Host-ferry.sid');
  }

  get cookieHeader(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  /** Another one with the same cookies, as a thief would have them. */
  copy(ferry = this.ferry): Browser {
    const copy = new Browser(ferry);
    for (const [name, value] of this.cookies) copy.cookies.set(name, value);
    return copy;
  }

  async signIn({ username, password }: Pick<TestUser, 'username' | 'password'>): Promise<Response> {
    return this.send('post', '/auth/session', { username, password }).expect(200);
  }

  /** A request of a script on one of our own pages. */
  send(method: Method, path: string, body?: object, headers: Record<string, string> = {}): Test {
    return this.ask(method, `${API}${path}`, body, { 'Sec-Fetch-Site': 'same-origin', ...headers });
  }

  /** A request without any word of where it comes from, unless the headers have one. */
  ask(method: Method, path: string, body?: object, headers: Record<string, string> = {}): Test {
    const test = request(this.ferry.url)[method](path).set(headers);
    if (this.cookies.size > 0) void test.set('Cookie', this.cookieHeader);
    if (body) void test.send(body);
    return test.on('response', (response: Response) => this.keep(response));
  }

  private keep(response: Response): void {
    for (const { name, value, attributes } of cookiesOf(response)) {
      const expires = attributes['expires'];
      const gone = typeof expires === 'string' && Date.parse(expires) <= Date.now();
      if (gone) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
  }
}

/** The cookies that an answer sets, in its order. */
export function cookiesOf(response: Pick<Response, 'headers'>): SetCookie[] {
  const lines = (response.headers['set-cookie'] ?? []) as unknown as string[];
  return lines.map((line) => {
    const [pair = '', ...rest] = line.split('; ');
    const at = pair.indexOf('=');
    const attributes = rest.map((attribute): [string, string | true] => {
      const [name = '', value] = attribute.split('=');
      return [name.toLowerCase(), value ?? true];
    });
    return { name: pair.slice(0, at), value: pair.slice(at + 1), attributes: Object.fromEntries(attributes) };
  });
}

/** The key of a browser's session in the key-value store. */
export function sessionKeyOf({ sessionId = '' }: Browser): string {
  return `session:${createHash('sha256').update(sessionId).digest('hex')}`;
}

/** Whether the server takes the browser for somebody. */
export async function isSignedIn(browser: Browser): Promise<boolean> {
  return (await browser.send('get', '/auth/session')).status === 200;
}
