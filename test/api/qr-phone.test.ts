import request from 'supertest';
import { Browser, cookiesOf } from '../support/browser';
import { API, makeUser, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { expectProblem } from '../support/problems';
import { QrCalls, stateIn } from '../support/qr';

let ferry: Ferry;
let calls: QrCalls;
let offsetMs = 0;
let phone: TestUser;
let other: TestUser;

beforeAll(async () => {
  ferry = await startFerry({ now: () => new Date(Date.now() + offsetMs) });
  calls = new QrCalls(ferry);
  [phone, other] = await Promise.all([makeUser(ferry), makeUser(ferry)]);
});

afterEach(() => {
  offsetMs = 0;
});

afterAll(() => ferry.stop());

describe('POST /auth/qr/scan', () => {
  it('says what is asked for', async () => {
    const begun = await calls.begin();
    const answer = await calls.scan(begun.ticket, phone).expect(200);
    expect(answer.body).toEqual({
      id: begun.id,
      matchCode: expect.stringMatching(/^\d\d$/) as string,
      browser: 'Firefox on Linux',
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
    });
    expect((await calls.scan(begun.ticket, phone).expect(200)).body).toEqual(answer.body);
  });

  it('is for the first who scans', async () => {
    const { ticket } = await calls.begin();
    await calls.scan(ticket, phone).expect(200);
    expectProblem(await calls.scan(ticket, other), 409, 'conflict');
  });

  it('lets one of many through', async () => {
    const { ticket } = await calls.begin();
    const users = await Promise.all(Array.from({ length: 6 }, () => makeUser(ferry)));
    const answers = await Promise.all(users.map((user) => calls.scan(ticket, user)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409, 409, 409]);
  });

  it('refuses tickets that are good no longer, or never were', async () => {
    const [expired, used] = [await calls.begin(), await calls.confirmed(phone)];
    await calls.claim(used).expect(200);
    expectProblem(await calls.scan(used.ticket, phone), 410, 'gone');
    expectProblem(await calls.scan('A'.repeat(22), phone), 404, 'not_found');
    offsetMs = 120_000;
    expectProblem(await calls.scan(expired.ticket, phone), 410, 'gone');
  });

  it.each([{ ticket: 'short' }, { ticket: { $ne: null } }, {}, { ticket: 'A'.repeat(22), more: 1 }])(
    'refuses %j',
    async (body) => {
      expectProblem(await calls.post('scan', phone, body), 400, 'invalid_request');
    },
  );
});

describe('POST /auth/qr/confirm', () => {
  it('is for who scanned', async () => {
    const { id, ticket } = await calls.begin();
    expectProblem(await calls.confirm(id, true, phone), 409, 'conflict');
    await calls.scan(ticket, phone).expect(200);
    expectProblem(await calls.confirm(id, true, other), 409, 'conflict');
    expectProblem(await calls.confirm(id, false, other), 409, 'conflict');
    expectProblem(await calls.confirm('nothing', true, phone), 409, 'conflict');
    await calls.confirm(id, true, phone).expect(204);
    await calls.confirm(id, true, phone).expect(204);
  });

  it('is not possible any more after two minutes', async () => {
    const { id, ticket } = await calls.begin();
    await calls.scan(ticket, phone).expect(200);
    offsetMs = 120_000;
    expectProblem(await calls.confirm(id, true, phone), 409, 'conflict');
  });

  it('can take a yes back until it is claimed', async () => {
    const begun = await calls.confirmed(phone);
    await calls.confirm(begun.id, false, phone).expect(204);
    expectProblem(await calls.claim(begun), 409, 'conflict');
    expect(stateIn(await calls.look(begun))).toBe('cancelled');
  });

  it.each(['scan', 'confirm'])('needs an access token, like %s: a session is not enough', async (call) => {
    const browser = await Browser.signedIn(ferry, phone);
    for (const by of [browser, new Browser(ferry)]) {
      expectProblem(await by.send('post', `/auth/qr/${call}`, {}), 401, 'unauthenticated');
    }
  });
});

describe('POST /auth/qr/:id/claim', () => {
  it('signs the browser in, once', async () => {
    const begun = await calls.confirmed(phone);
    const kept = { id: begun.id, browser: begun.browser.copy() };
    const answer = await calls.claim(begun).expect(200);
    expect(answer.body).toMatchObject({ user: { id: phone.id, username: phone.username } });
    expect(answer.headers['cache-control']).toBe('no-store');
    expect([...begun.browser.cookies.keys()].sort()).toEqual(['ferry.sid', 'ferry.sid.sig']);
    const session = await begun.browser.send('get', '/auth/session').expect(200);
    expect(session.body).toMatchObject({ user: { id: phone.id } });
    expectProblem(await calls.claim(kept), 409, 'conflict');
  });

  it('starts a new session where there was one', async () => {
    const browser = await Browser.signedIn(ferry, other);
    const before = browser.copy();
    await calls.claim(await calls.confirmed(phone, browser)).expect(200);
    expect(browser.sessionId).not.toBe(before.sessionId);
    await before.send('get', '/auth/session').expect(401);
  });

  it('adopts no session that was planted', async () => {
    const thief = new Browser(ferry);
    thief.cookies.set('ferry.sid', 'A'.repeat(43));
    await calls.claim(await calls.confirmed(phone, thief.copy())).expect(200);
    await thief.send('get', '/auth/session').expect(401);
  });

  it('takes one of many claims', async () => {
    const { id, browser } = await calls.confirmed(phone);
    const claims = Array.from({ length: 6 }, () => calls.claim({ id, browser: browser.copy() }));
    const answers = await Promise.all(claims);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409, 409, 409]);
    expect(answers.filter((answer) => cookiesOf(answer).length > 0)).toHaveLength(1);
  });

  it('is for the browser that began it', async () => {
    const [{ id, browser }, another] = [await calls.confirmed(phone), await calls.begin()];
    expectProblem(await calls.claim({ id, browser: another.browser }), 404, 'not_found');
    expectProblem(await calls.claim({ id, browser: new Browser(ferry) }), 404, 'not_found');
    expectProblem(await calls.claim({ id: 'nothing', browser }), 404, 'not_found');
    await calls.claim({ id, browser }).expect(200);
  });

  it('is not possible before the phone has confirmed, nor after two minutes', async () => {
    const begun = await calls.begin();
    expectProblem(await calls.claim(begun), 409, 'conflict');
    await calls.scan(begun.ticket, phone).expect(200);
    expectProblem(await calls.claim(begun), 409, 'conflict');
    await calls.confirm(begun.id, true, phone).expect(204);
    offsetMs = 120_000;
    expectProblem(await calls.claim(begun), 409, 'conflict');
  });

  it('is not possible once the phone has signed out', async () => {
    const user = await makeUser(ferry);
    const begun = await calls.confirmed(user);
    await request(ferry.url).post(`${API}/auth/logout`).set(user.auth).expect(204);
    expectProblem(await calls.claim(begun), 409, 'conflict');
  });

  it('is refused to other pages, and may then still be claimed', async () => {
    const { id, browser } = await calls.confirmed(phone);
    const path = `${API}/auth/qr/${id}/claim`;
    expectProblem(await browser.ask('post', path), 403, 'cross_site');
    expectProblem(
      await browser.ask('post', path, undefined, { Origin: 'https://evil.example' }),
      403,
      'cross_site',
    );
    await browser.ask('post', path, undefined, { Origin: ferry.url }).expect(200);
  });
});

describe('secrets', () => {
  it('are in no log', async () => {
    const begun = await calls.confirmed(phone);
    const secret = begun.browser.cookies.get('ferry.qr')!;
    await request(ferry.url).get(`/login/scan?t=${begun.ticket}`).expect(200);
    await calls.claim(begun).expect(200);
    const log = JSON.stringify(ferry.logged);
    expect(log).toContain('/login/scan');
    expect(log).not.toContain(begun.ticket);
    expect(log).not.toContain(secret);
  });
});
