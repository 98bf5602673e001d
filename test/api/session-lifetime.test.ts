import { Browser, cookiesOf, isSignedIn } from '../support/browser';
import { makeFile, makeUser, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { expectProblem } from '../support/problems';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

const DAY = 24 * 60 * 60 * 1000;
const START = new Date('2026-11-22T08:15:30.123Z').getTime();

let ferry: Ferry;
let user: TestUser;
let time = START;

beforeAll(async () => {
  ferry = await startFerry({ now: () => new Date(time) });
  user = await makeUser(ferry);
});

afterAll(() => ferry.stop());

beforeEach(() => {
  time = START;
});

describe('the lifetime of a session', () => {
  it('is 14 days without use', async () => {
    const browser = await Browser.signedIn(ferry, user);
    time = START + 14 * DAY - 1;
    expect(await isSignedIn(browser.copy())).toBe(true);

    time = START;
    const idle = await Browser.signedIn(ferry, user);
    time = START + 14 * DAY;
    expectProblem(await idle.send('get', '/auth/session'), 401, 'unauthenticated');
  });

  it('begins anew with use, 90 days at most', async () => {
    const browser = await Browser.signedIn(ferry, user);
    const first = browser.sessionId;
    let days = 0;
    while (days + 10 < 90) {
      days += 10;
      time = START + days * DAY;
      const answer = await browser.send('get', '/auth/session').expect(200);
      const [cookie] = cookiesOf(answer);
      const lifetime = (Date.parse(String(cookie?.attributes['expires'])) - Date.now()) / DAY;
      expect(Math.round(lifetime)).toBe(Math.min(14, 90 - days));
      expect(answer.headers['cache-control']).toBe('no-store');
    }
    expect(browser.sessionId).toBe(first);
    time = START + 90 * DAY - 1;
    expect(await isSignedIn(browser)).toBe(true);
    time = START + 90 * DAY;
    expect(await isSignedIn(browser)).toBe(false);
  });

  it('is written once a day, not with every request', async () => {
    const browser = await Browser.signedIn(ferry, user);
    const cookiesAt = async (at: number) => {
      time = START + at;
      return cookiesOf(await browser.send('get', '/auth/session').expect(200)).length;
    };
    expect(await cookiesAt(1)).toBe(0);
    expect(await cookiesAt(DAY - 1)).toBe(0);
    expect(await cookiesAt(DAY)).toBe(2);
    expect(await cookiesAt(DAY + 1)).toBe(0);
    expect(await cookiesAt(2 * DAY - 1)).toBe(0);
    expect(await cookiesAt(2 * DAY)).toBe(2);
  });

  it('is not put off where an answer may be kept by caches', async () => {
    const { id } = await makeFile(ferry, await makeUser(ferry), { visibility: 'public' });
    const browser = await Browser.signedIn(ferry, user);
    time = START + 2 * DAY;
    expect(cookiesOf(await browser.send('get', `/files/${id}/content`).expect(200))).toEqual([]);
    expect(cookiesOf(await browser.send('get', '/auth/session').expect(200))).toHaveLength(2);
  });

  it('ends with the epoch of the user', async () => {
    const browser = await Browser.signedIn(ferry, user);
    const found = await ferry.stores.sql.users.find(user.id);
    await ferry.stores.sql.users.update(user.id, { epoch: (found?.epoch ?? 0) + 1 });
    expect(await isSignedIn(browser)).toBe(false);
    await browser.signIn(user);
    expect(await isSignedIn(browser)).toBe(true);
  });
});

describe('a restart', () => {
  it('keeps browsers signed in, and signed out', async () => {
    const directory = await mkdtemp(path.join(os.tmpdir(), 'ferry-restart-'));
    try {
      const before = await startFerry({ directory });
      const one = await makeUser(before);
      const stays = await Browser.signedIn(before, one);
      const leaves = await Browser.signedIn(before, one);
      const thief = leaves.copy();
      await leaves.send('delete', '/auth/session').expect(204);
      await before.stop();

      const after = await startFerry({ directory });
      expect(await isSignedIn(stays.copy(after))).toBe(true);
      expect(await isSignedIn(thief.copy(after))).toBe(false);
      await after.stop();
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });

  it('with another secret signs everybody out', async () => {
    const directory = await mkdtemp(path.join(os.tmpdir(), 'ferry-restart-'));
    try {
      const before = await startFerry({ directory });
      const browser = await Browser.signedIn(before, await makeUser(before));
      await before.stop();
      const after = await startFerry({ directory, settings: { JWT_SECRET: 'x'.repeat(32) } });
      expect(await isSignedIn(browser.copy(after))).toBe(false);
      await after.stop();
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
