import request, { type Test } from 'supertest';
import { changeUser, listUsers } from '../../src/schemas/admin';
import { Browser, isSignedIn } from '../support/browser';
import { API, makeUser, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { expectProblem } from '../support/problems';

const NOW = new Date('2026-11-22T08:15:30.123Z');

interface AdminUser {
  id: string;
  roles: string[];
  suspendedAt: string | null;
}

let ferry: Ferry;
let admin: TestUser;
let user: TestUser;

beforeAll(async () => {
  ferry = await startFerry({ now: () => NOW });
  admin = await makeUser(ferry);
  await ferry.services.administration.change(null, admin.id, { roles: ['admin'] });
});

afterAll(() => ferry.stop());

beforeEach(async () => {
  user = await makeUser(ferry);
});

const list = (query = '', auth: Record<string, string> = admin.auth): Test =>
  request(ferry.url).get(`${API}/admin/users${query}`).set(auth);

const change = (id: string, body: object, auth: Record<string, string> = admin.auth): Test =>
  request(ferry.url).patch(`${API}/admin/users/${id}`).set(auth).send(body);

const login = ({ username, password }: TestUser): Test =>
  request(ferry.url).post(`${API}/auth/login`).send({ username, password });

const me = (auth: Record<string, string>): Test => request(ferry.url).get(`${API}/users/me`).set(auth);

async function found(query: string): Promise<string[]> {
  const { items } = (await list(query).expect(200)).body as { items: AdminUser[] };
  return items.map(({ id }) => id);
}

describe.each<[string, (auth: Record<string, string>) => Test]>([
  ['GET /admin/users', (auth) => list('', auth)],
  ['PATCH /admin/users/:id', (auth) => change(user.id, { roles: ['user', 'admin'] }, auth)],
])('%s', (_, call) => {
  it('is for admins: others are told whether signing in would help', async () => {
    expectProblem(await call({}), 401, 'unauthenticated');
    expectProblem(await call({ Authorization: 'Bearer x.y.z' }), 401, 'invalid_token');
    expectProblem(await call(user.auth), 403, 'forbidden');
    expect((await ferry.stores.sql.users.find(user.id))?.roles).toEqual(['user']);
  });
});

describe('GET /admin/users', () => {
  it('shows of users what an operator needs, newest first', async () => {
    const answer = await list('?limit=2').expect(200);
    expect(listUsers.responses[200]?.schema?.parse(answer.body)).toEqual(answer.body);
    expect((answer.body as { items: AdminUser[] }).items[0]).toEqual({
      id: user.id,
      username: user.username,
      displayName: user.username,
      roles: ['user'],
      suspendedAt: null,
      createdAt: NOW.toISOString(),
    });
  });

  it('goes page by page through all of them', async () => {
    const all = await found('?limit=100');
    expect(all).toEqual(expect.arrayContaining([user.id, admin.id]));
    const paged: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const answer: { body: unknown } = await list(`?limit=1${cursor && `&cursor=${cursor}`}`).expect(200);
      const page = answer.body as { items: AdminUser[]; nextCursor: string | null };
      paged.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    }
    expect(paged).toEqual(all);
  });

  it('finds literal parts of names in any case', async () => {
    const made = await makeUser(ferry, { username: 'Wang.Fang' });
    await request(ferry.url)
      .patch(`${API}/users/me`)
      .set(made.auth)
      .send({ displayName: '100% 王芳' })
      .expect(200);
    for (const q of ['wang.f', 'FANG', '王', '0% ']) {
      expect(await found(`?q=${encodeURIComponent(q)}`)).toEqual([made.id]);
    }
    for (const q of ['wang_f', '%', 'fangg']) {
      expect(await found(`?q=${encodeURIComponent(q)}`)).toEqual(q === '%' ? [made.id] : []);
    }
  });

  it.each(['?q=', '?limit=0', '?limit=101', '?cursor=../x', '?role=admin', '?q=a&q=b', '?q[$ne]=a'])(
    'refuses %s',
    async (query) => {
      expectProblem(await list(query), 400, 'invalid_request');
    },
  );
});

describe('PATCH /admin/users/:id', () => {
  it('makes an admin, and an ordinary user again, at once', async () => {
    const answer = await change(user.id, { roles: ['admin'] }).expect(200);
    expect(changeUser.responses[200]?.schema?.parse(answer.body)).toEqual(answer.body);
    expect(answer.body).toMatchObject({ id: user.id, roles: ['user', 'admin'] });
    await list('', user.auth).expect(200);
    const mine = await me(user.auth).expect(200);
    expect((mine.body as AdminUser).roles).toEqual(['user', 'admin']);
    await change(user.id, { roles: ['user'] }).expect(200);
    expectProblem(await list('', user.auth), 403, 'forbidden');
  });

  it('suspends: every sign-in ends, of programs and of browsers, and none begins', async () => {
    const browser = await Browser.signedIn(ferry, user);
    expect(await isSignedIn(browser)).toBe(true);
    const answer = await change(user.id, { suspended: true }).expect(200);
    expect((answer.body as AdminUser).suspendedAt).toBe(NOW.toISOString());
    expectProblem(await me(user.auth), 401, 'invalid_token');
    expect(await isSignedIn(browser)).toBe(false);
    const refresh = request(ferry.url).post(`${API}/auth/refresh`);
    expectProblem(await refresh.send({ refreshToken: user.refreshToken }), 400, 'invalid_grant');

    const refusal = expectProblem(await login(user), 403, 'forbidden');
    expect(refusal.detail).toBe('This account is suspended.');
    const { username, password } = user;
    const page = await new Browser(ferry).send('post', '/auth/session', { username, password });
    expectProblem(page, 403, 'forbidden');
    const guess = await login({ ...user, password: 'not the password' });
    expectProblem(guess, 401, 'invalid_credentials');
  });

  it('tells the user’s clients of the sign-ins that end', async () => {
    const topic = `user:${user.id}`;
    const { epoch } = await ferry.stores.eventlog.top(topic);
    await change(user.id, { suspended: true }).expect(200);
    const history = await ferry.stores.eventlog.readAfter(topic, { epoch, offset: 0 }, 10);
    expect(history.recovered && history.events.map(({ type }) => type)).toEqual(['session.revoked']);
  });

  it('does not suspend twice, and lets back in with a new sign-in only', async () => {
    await change(user.id, { suspended: true }).expect(200);
    await change(user.id, { suspended: true }).expect(200);
    // Raised once: what is signed by a sign-in that was under way is worth nothing.
    expect((await ferry.stores.sql.users.find(user.id))?.epoch).toBe(1);
    const answer = await change(user.id, { suspended: false }).expect(200);
    expect((answer.body as AdminUser).suspendedAt).toBeNull();
    expectProblem(await me(user.auth), 401, 'invalid_token');
    const again = await login(user).expect(200);
    await me({ Authorization: `Bearer ${(again.body as TestUser).accessToken}` }).expect(200);
  });

  it('leaves no sign-in alive that begins at the same moment', async () => {
    const [answer] = await Promise.all([login(user), change(user.id, { suspended: true })]);
    const { accessToken } = answer.body as Partial<TestUser>;
    if (answer.status === 200)
      expect((await me({ Authorization: `Bearer ${accessToken}` })).status).toBe(401);
    else expectProblem(answer, 403, 'forbidden');
  });

  it('changes nothing when nothing is asked', async () => {
    const answer = await change(user.id, {}).expect(200);
    expect(answer.body).toMatchObject({ roles: ['user'], suspendedAt: null });
  });

  it.each([[{ suspended: true }], [{ roles: ['user'] }]])(
    'does not let admins take their own rights away: %j',
    async (body) => {
      expectProblem(await change(admin.id, body), 409, 'conflict');
      await list().expect(200);
      await change(admin.id, { roles: ['user', 'admin'], suspended: false }).expect(200);
    },
  );

  it('knows no other users', async () => {
    expectProblem(await change('nobody', { suspended: true }), 404, 'not_found');
    expectProblem(await change('NO-BODY', { suspended: true }), 400, 'invalid_request');
  });

  it.each([
    [{ roles: [] }],
    [{ roles: ['root'] }],
    [{ roles: 'admin' }],
    [{ roles: { $push: 'admin' } }],
    [{ suspended: 'yes' }],
    [{ suspended: null }],
    [{ epoch: 7 }],
    [{ username: 'x' }],
  ])('refuses %j', async (body) => {
    expectProblem(await change(user.id, body), 400, 'invalid_request');
  });

  it('with a cookie is for our own pages only', async () => {
    const browser = await Browser.signedIn(ferry, admin);
    const body = { suspended: true };
    const elsewhere = { 'Sec-Fetch-Site': 'cross-site' };
    expectProblem(
      await browser.ask('patch', `${API}/admin/users/${user.id}`, body, elsewhere),
      403,
      'cross_site',
    );
    await browser.send('patch', `/admin/users/${user.id}`, body).expect(200);
  });
});
