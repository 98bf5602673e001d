import request, { type Test } from 'supertest';
import { getMe } from '../../src/schemas/users';
import { API, makeFile, makeUser, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { expectProblem } from '../support/problems';

const ME = `${API}/users/me`;

let ferry: Ferry;
let user: TestUser;

beforeAll(async () => {
  ferry = await startFerry();
});

beforeEach(async () => {
  user = await makeUser(ferry);
});

afterAll(() => ferry.stop());

const read = (by = user): Test => request(ferry.url).get(ME).set(by.auth);
const change = (body: object | string, by = user): Test =>
  request(ferry.url).patch(ME).set(by.auth).set('Content-Type', 'application/json').send(body);

describe('GET /users/me', () => {
  it('shows the user, and nothing that the contract does not name', async () => {
    const { body } = (await read().expect(200)) as { body: object };
    expect(getMe.responses[200]?.schema?.parse(body)).toEqual(body);
    expect(body).toMatchObject({
      id: user.id,
      username: user.username,
      displayName: user.username,
      avatarUrl: null,
      roles: ['user'],
      identities: [
        { provider: 'password', linkedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string },
      ],
    });
  });

  it('has a strong ETag, and 304 for the one who has it', async () => {
    const { etag = '' } = (await read().expect(200)).headers as { etag?: string };
    expect(etag).toMatch(/^"[^"]+"$/);
    const again = await read().set('If-None-Match', etag).expect(304);
    expect(again.text).toBe('');
    expect(again.headers.etag).toBe(etag);
    await read().set('If-None-Match', '"another"').expect(200);
    await change({ displayName: 'new' }).expect(200);
    await read().set('If-None-Match', etag).expect(200);
  });

  it.each<['get' | 'patch']>([['get'], ['patch']])('needs a signed-in user: %s', async (method) => {
    expectProblem(await request(ferry.url)[method](ME), 401, 'unauthenticated');
  });

  it('takes no parameter', async () => {
    expectProblem(await read().query({ id: 'somebody' }), 400, 'invalid_request');
  });
});

describe('PATCH /users/me', () => {
  it.each([
    ['韩梅梅'],
    ['😀'],
    ['x'.repeat(64)],
    ['{{7*7}}'],
    ['<script>alert(1)</script>'],
    ["Robert'); DROP TABLE users;--"],
  ])('takes the display name %s as it is', async (displayName) => {
    const answer = await change({ displayName }).expect(200);
    expect(answer.body).toMatchObject({ id: user.id, displayName, username: user.username });
    expect((await read()).body).toEqual(answer.body);
  });

  it('changes nothing by an empty object', async () => {
    const { body } = (await read()) as { body: unknown };
    expect((await change({}).expect(200)).body).toEqual(body);
  });

  it('changes nobody else', async () => {
    const other = await makeUser(ferry);
    await change({ displayName: 'mine' }).expect(200);
    expect((await read(other)).body).toMatchObject({ displayName: other.username });
  });

  it.each([
    ['an empty name', { displayName: '' }, 'displayName'],
    ['65 characters', { displayName: 'x'.repeat(65) }, 'displayName'],
    ['half a surrogate pair', '{"displayName":"\\ud83d"}', 'displayName'],
    ['no name', { displayName: null }, 'displayName'],
    ['an operator', { displayName: { $set: 'x' } }, 'displayName'],
    ['an id that is none', { avatarFileId: '../../etc/passwd' }, 'avatarFileId'],
    ['roles', { roles: ['admin'] }, 'roles'],
    ['a role', { role: 'admin' }, 'role'],
    ['an owner', { ownerId: 'x' }, 'ownerId'],
    ['a user name', { username: 'root' }, 'username'],
    ['an epoch', { epoch: 7 }, 'epoch'],
    ['a dotted key', { 'roles.0': 'admin' }, 'roles.0'],
    ['a list', [], ''],
  ])('refuses %s', async (_, body, path) => {
    const problem = expectProblem(await change(body), 400, 'invalid_request');
    expect(problem.errors?.map((error) => error.path)).toEqual([path]);
    expect((await read()).body).toMatchObject({ displayName: user.username, roles: ['user'] });
  });

  it('makes one of the user’s files the avatar, and removes it', async () => {
    const { id } = await makeFile(ferry, user, { name: 'me.png', type: 'image/png' });
    const answer = await change({ avatarFileId: id }).expect(200);
    expect(answer.body).toMatchObject({ avatarUrl: `${API}/files/${id}/content` });
    await request(ferry.url).get(`${API}/files/${id}/content`).set(user.auth).expect(200);
    expect((await change({ displayName: 'still' })).body).toMatchObject({
      avatarUrl: `${API}/files/${id}/content`,
    });
    expect((await change({ avatarFileId: null }).expect(200)).body).toMatchObject({ avatarUrl: null });
  });

  it('knows neither another user’s file nor one that is not there', async () => {
    const other = await makeUser(ferry);
    for (const visibility of ['private', 'public'] as const) {
      const { id } = await makeFile(ferry, other, { visibility });
      expectProblem(await change({ avatarFileId: id, displayName: 'half' }), 404, 'not_found');
    }
    expectProblem(await change({ avatarFileId: 'nothing' }), 404, 'not_found');
    expect((await read()).body).toMatchObject({ avatarUrl: null, displayName: user.username });
  });
});

describe('with PUBLIC_URL', () => {
  it('links are made from it', async () => {
    const own = await startFerry({ settings: { PUBLIC_URL: 'https://files.example.com/' } });
    try {
      const host = { Host: 'files.example.com' };
      const answered = await request(own.url)
        .post(`${API}/auth/register`)
        .set(host)
        .send({ username: 'lilei', password: 'long enough' })
        .expect(201);
      const { accessToken } = answered.body as { accessToken: string };
      const auth = { Authorization: `Bearer ${accessToken}`, ...host };
      const { file } = (
        await request(own.url).post(`${API}/files`).set(auth).attach('file', Buffer.from('x'), 'x.png')
      ).body as { file: { id: string } };
      const answer = await request(own.url).patch(ME).set(auth).send({ avatarFileId: file.id }).expect(200);
      expect(answer.body).toMatchObject({
        avatarUrl: `https://files.example.com${API}/files/${file.id}/content`,
      });
    } finally {
      await own.stop();
    }
  });
});
