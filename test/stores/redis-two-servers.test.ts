import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import request from 'supertest';
import type { LoggedEvent } from '../../src/models/eventlog';
import { alone } from '../../src/services/alone';
import type { HealthReport } from '../../src/services/health';
import { Busy } from '../../src/errors';
import { until } from '../contract/until';
import { Browser, isSignedIn } from '../support/browser';
import { API, makeUpload, makeUser, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { expectProblem } from '../support/problems';
import { QrCalls, stateIn } from '../support/qr';
import { freshPrefix, RedisServer } from '../support/redis';

const PASSWORD = 'a password of some length';

describe('two servers over one Redis and one database', () => {
  let redis: RedisServer;
  let directory: string;
  let one: Ferry;
  let two: Ferry;
  let user: TestUser;

  const start = (settings: Record<string, string> = {}) =>
    startFerry({ directory, settings: { REDIS_URL: redis.url, ...settings } });

  beforeAll(async () => {
    redis = await RedisServer.start({ appendOnly: true });
    directory = await mkdtemp(path.join(os.tmpdir(), 'ferry-two-'));
    one = await start();
    two = await start();
    user = await makeUser(one, { password: PASSWORD });
  });

  afterAll(async () => {
    await Promise.all([one.stop(), two.stop()]);
    await redis.remove();
    await rm(directory, { recursive: true, force: true });
  });

  it('say where their short-lived values and events are', async () => {
    const { ready, stores } = await one.services.health.report();
    expect(ready).toBe(true);
    for (const [name, form] of [
      ['keyvalue', 'Redis'],
      ['eventlog', 'Redis Streams'],
    ])
      expect(stores).toContainEqual({ name, form, location: `${redis.url}/0`, up: true });
  });

  it('share sessions: signed in at one, known at two, signed out at two, unknown at one', async () => {
    const browser = new Browser(one);
    await browser.signIn(user);
    const there = browser.copy(two);
    await there.send('get', '/users/me').expect(200);
    await there.send('delete', '/auth/session').expect(204);
    await expect(isSignedIn(browser)).resolves.toBe(false);
  });

  it('bring a sign-in by QR code to its end together', async () => {
    const [calls, others] = [new QrCalls(one), new QrCalls(two)];
    const begun = await calls.begin();
    const look = calls.look(begun, '?wait=20&state=created').then((answer) => answer);
    await others.scan(begun.ticket, user).expect(200);
    expect(stateIn(await look)).toBe('scanned');
    await others.confirm(begun.id, true, user).expect(204);
    const there = begun.browser.copy(two);
    await others.claim({ id: begun.id, browser: there }).expect(200);
    await there.send('get', '/users/me').expect(200);
    expect((await calls.claim(begun)).status).toBeGreaterThanOrEqual(400);
  });

  it('count calls together', async () => {
    const strict = { SIGN_IN_LIMIT: '4', REDIS_PREFIX: freshPrefix() };
    const servers = [await start(strict), await start(strict)];
    const signIn = (server: Ferry) =>
      request(server.url).post(`${API}/auth/login`).send({ username: user.username, password: PASSWORD });
    try {
      for (let call = 0; call < 4; call += 1) await signIn(servers[call % 2]!).expect(200);
      for (const server of servers) expectProblem(await signIn(server), 429, 'rate_limited');
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
    }
  });

  it('hear of what happens at the other', async () => {
    const heard: LoggedEvent[] = [];
    const end = await two.stores.eventlog.subscribe(`user:${user.id}`, (event) => heard.push(event));
    const start = await two.stores.eventlog.top(`user:${user.id}`);
    const upload = await makeUpload(one, user, { size: 3 });
    await request(one.url).put(`${API}/uploads/${upload.id}/chunks/0`).set(user.auth).send('abc');
    await request(one.url).post(`${API}/uploads/${upload.id}/complete`).set(user.auth).expect(201);
    await until(() => heard.some(({ type }) => type === 'file.created'));
    await end();
    const history = await two.stores.eventlog.readAfter(`user:${user.id}`, start, 100);
    expect(history.recovered && history.events.map(({ type }) => type)).toEqual(
      expect.arrayContaining(heard.map(({ type }) => type)),
    );
  });

  it('let one at a time work on an upload', async () => {
    const upload = await makeUpload(one, user, { size: 3 });
    await alone(one.stores.keyvalue, `append:${upload.id}`, 0, async () => {
      await expect(
        alone(two.stores.keyvalue, `append:${upload.id}`, 0, () => Promise.resolve()),
      ).rejects.toThrow(Busy);
    });
    await expect(
      alone(two.stores.keyvalue, `append:${upload.id}`, 0, () => Promise.resolve('mine')),
    ).resolves.toBe('mine');
  });
});

describe('a server whose Redis is away', () => {
  it('says so, answers 503 to what needs it, goes on with the rest, and recovers by itself', async () => {
    const redis = await RedisServer.start({ appendOnly: true });
    const ferry = await startFerry({ settings: { REDIS_URL: redis.url } });
    try {
      const user = await makeUser(ferry, { password: PASSWORD });
      const browser = new Browser(ferry);
      await browser.signIn(user);
      await redis.kill();
      const answer = await request(ferry.url).get('/readyz').expect(503);
      const { stores } = answer.body as HealthReport;
      expect(stores.filter(({ up }) => !up).map(({ name }) => name)).toEqual(['keyvalue', 'eventlog']);
      const refused = await browser.send('get', '/users/me');
      expectProblem(refused, 503, 'unavailable');
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
      // An access token needs no session, and a limit counts here meanwhile.
      await request(ferry.url).get(`${API}/users/me`).set(user.auth).expect(200);
      await request(ferry.url)
        .post(`${API}/auth/login`)
        .send({ username: user.username, password: PASSWORD })
        .expect(200);
      await redis.start();
      await until(async () => (await request(ferry.url).get('/readyz')).status === 200);
      await browser.send('get', '/users/me').expect(200);
      expect(JSON.stringify(ferry.logged)).toContain('is out of reach');
    } finally {
      await ferry.stop();
      await redis.remove();
    }
  });

  it('never tells its password', async () => {
    const secret = 'hunter2-of-redis';
    const redis = await RedisServer.start({ settings: ['--requirepass', secret] });
    for (const password of [secret, `${secret}-wrong`]) {
      const url = redis.url.replace('//', `//:${password}@`);
      const ferry = await startFerry({ settings: { REDIS_URL: url } });
      try {
        const report = await ferry.services.health.report();
        expect(report.ready).toBe(password === secret);
        const answer = await request(ferry.url).post(`${API}/auth/qr`).set('Sec-Fetch-Site', 'same-origin');
        expect(answer.status).toBe(password === secret ? 201 : 503);
        const told = JSON.stringify([report, ferry.logged, answer.body, answer.headers]);
        expect(told).not.toContain(secret);
      } finally {
        await ferry.stop();
      }
    }
    await redis.remove();
  });
});
