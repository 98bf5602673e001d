import { Unavailable } from '../../src/errors';
import { Browser, sessionKeyOf } from '../support/browser';
import { makeUser } from '../support/factories';
import { startFerry } from '../support/ferry';
import { withSet } from '../support/keyvalue';
import { expectProblem } from '../support/problems';

const DAY = 24 * 60 * 60 * 1000;
const START = new Date('2026-11-22T08:15:30.123Z').getTime();

describe('the key-value store', () => {
  it('has sessions by the digests of their ids', async () => {
    const written: string[] = [];
    const spied = await startFerry({
      wrapStores: (stores) => ({
        ...stores,
        keyvalue: withSet(stores.keyvalue, (key, value, options) => {
          written.push(`${key} ${value}`);
          return stores.keyvalue.set(key, value, options);
        }),
      }),
    });
    try {
      const browser = await Browser.signedIn(spied, await makeUser(spied));
      const stored = written.join();
      expect(stored).toMatch(/session:[0-9a-f]{64}/);
      expect(stored).not.toContain(browser.sessionId);
    } finally {
      await spied.stop();
    }
  });
});

describe('a slow request', () => {
  it('that writes its session back after a sign-out does not bring it back to life', async () => {
    let now = START;
    const arrived = deferred();
    const mayWrite = deferred();
    let slow = false;
    const slowed = await startFerry({
      now: () => new Date(now),
      wrapStores: (stores) => ({
        ...stores,
        keyvalue: withSet(stores.keyvalue, async (key, value, options) => {
          if (slow && key.startsWith('session:')) {
            arrived.resolve();
            await mayWrite.promise;
          }
          return stores.keyvalue.set(key, value, options);
        }),
      }),
    });
    try {
      const browser = await Browser.signedIn(slowed, await makeUser(slowed));
      const [tab, thief] = [browser.copy(), browser.copy()];
      slow = true;
      now = START + 2 * DAY;
      // It was signed in when it came, and it is about to put the session's expiry off.
      const answer = tab.send('get', '/auth/session').then(({ status }) => status);
      await arrived.promise;
      await browser.send('delete', '/auth/session').expect(204);
      mayWrite.resolve();
      await expect(answer).resolves.toBe(200);
      await expect(slowed.stores.keyvalue.get(sessionKeyOf(thief))).resolves.toBeNull();
      for (const { status } of [
        await tab.send('get', '/auth/session'),
        await thief.send('get', '/users/me'),
      ]) {
        expect(status).toBe(401);
      }
    } finally {
      mayWrite.resolve();
      await slowed.stop();
    }
  });
});

describe('faults of the key-value store', () => {
  const fail = () => Promise.reject(new Unavailable('down'));

  it('leave no sign-in behind that nobody has the session of', async () => {
    const failing = await startFerry({
      wrapStores: (stores) => ({
        ...stores,
        keyvalue: withSet(stores.keyvalue, fail),
      }),
    });
    try {
      const one = await makeUser(failing);
      const answer = await new Browser(failing).send('post', '/auth/session', {
        username: one.username,
        password: one.password,
      });
      expectProblem(answer, 503, 'unavailable');
      const kinds = (await failing.services.tokens.list(one.id)).map(({ kind }) => kind);
      expect(kinds).toEqual(['tokens']);
    } finally {
      await failing.stop();
    }
  });

  it('do not reach those who bring no cookie, or a token', async () => {
    const failing = await startFerry({
      wrapStores: (stores) => ({
        ...stores,
        keyvalue: { ...withSet(stores.keyvalue, fail), get: fail, delete: fail },
      }),
    });
    try {
      const one = await makeUser(failing);
      const browser = new Browser(failing);
      await browser.send('get', '/auth/session').expect(401);
      browser.cookies.set('ferry.sid', 'x');
      await browser.ask('get', '/', undefined, { Accept: 'text/html' }).expect(200);
      await browser.send('get', '/users/me', undefined, one.auth).expect(200);
    } finally {
      await failing.stop();
    }
  });
});

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
