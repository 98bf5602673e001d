import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import request, { type Response, type Test } from 'supertest';
import { refresh } from '../../src/schemas/auth';
import { API, makeUser, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { expectProblem } from '../support/problems';

const DAY = 24 * 60 * 60 * 1000;

let ferry: Ferry;
let now = new Date('2026-11-22T08:00:00Z');
const pass = (milliseconds: number) => (now = new Date(now.getTime() + milliseconds));

beforeAll(async () => {
  ferry = await startFerry({ now: () => now });
});

afterAll(() => ferry.stop());

interface Tokens {
  accessToken: string;
  refreshToken: string;
}

const post = (call: string, body: object): Test => request(ferry.url).post(`${API}/auth/${call}`).send(body);

const send = (refreshToken: string): Test => post('refresh', { refreshToken });

async function rotate(refreshToken: string): Promise<Tokens> {
  return (await send(refreshToken).expect(200)).body as Tokens;
}

async function isAlive({ accessToken }: { accessToken: string }): Promise<boolean> {
  const { status } = await request(ferry.url)
    .get(`${API}/users/me`)
    .set('Authorization', `Bearer ${accessToken}`);
  expect([200, 401]).toContain(status);
  return status === 200;
}

const expectDead = (answer: Response) => expectProblem(answer, 400, 'invalid_grant');

/** What the user's own topic has told, oldest first. */
async function told(user: TestUser): Promise<string[]> {
  const topic = `user:${user.id}`;
  const { epoch } = await ferry.stores.eventlog.top(topic);
  const history = await ferry.stores.eventlog.readAfter(topic, { epoch, offset: 0 }, 100);
  return history.recovered ? history.events.map((event) => event.type) : [];
}

describe('POST /auth/refresh', () => {
  let user: TestUser;

  beforeEach(async () => {
    user = await makeUser(ferry);
  });

  it('gives new tokens of the same user and sign-in', async () => {
    const answer = await send(user.refreshToken).expect(200);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(refresh.responses[200]?.schema?.parse(answer.body)).toEqual(answer.body);
    expect(answer.body).toMatchObject({
      user: { id: user.id },
      expiresIn: 600,
      refreshExpiresIn: (30 * DAY) / 1000,
    });
    const next = answer.body as Tokens;
    expect(next.refreshToken).not.toBe(user.refreshToken);
    expect(await isAlive(next)).toBe(true);
    expect(await isAlive(user)).toBe(true);
    await rotate(next.refreshToken);
  });

  it('gives the same successor to many that come at once', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => rotate(user.refreshToken)));
    const successors = new Set(answers.map(({ refreshToken }) => refreshToken));
    expect(successors.size).toBe(1);
    await rotate([...successors][0] ?? '');
    expect(await told(user)).toEqual([]);
  });

  it('gives the same successor again within 20 s', async () => {
    const { refreshToken: successor } = await rotate(user.refreshToken);
    pass(20_000);
    const again = await rotate(user.refreshToken);
    expect(again.refreshToken).toBe(successor);
    expect(await isAlive(again)).toBe(true);
  });

  it('ends the sign-in when a used token comes later than that, and tells the user', async () => {
    const { refreshToken: successor, accessToken } = await rotate(user.refreshToken);
    const other = (await post('login', { username: user.username, password: user.password })).body as Tokens;
    pass(20_001);
    expectDead(await send(user.refreshToken));
    expectDead(await send(successor));
    expect(await isAlive({ accessToken })).toBe(false);
    expect(await isAlive(user)).toBe(false);
    expect(await told(user)).toEqual(['session.revoked']);
    expect(await isAlive(other)).toBe(true);
    await rotate(other.refreshToken);
  });

  it('ends the sign-in when a token comes that was used several rotations ago', async () => {
    const thief = await rotate((await rotate((await rotate(user.refreshToken)).refreshToken)).refreshToken);
    pass(60_000);
    expectDead(await send(user.refreshToken));
    expectDead(await send(thief.refreshToken));
    expect(await isAlive(thief)).toBe(false);
    expect(await told(user)).toEqual(['session.revoked']);
  });

  it('does not end a sign-in by a token that was never given', async () => {
    const { refreshToken: token, accessToken } = user;
    const parts = token.split('.');
    const forged = [
      token.slice(0, -4),
      `${token.slice(0, -4)}AAAA`,
      `${token}A`,
      `${token} `,
      token.toUpperCase(),
      parts.map((part, i) => (i === 1 ? 'A'.repeat(part.length) : part)).join('.'),
      parts.slice(0, 1).join('.'),
      accessToken,
      createHash('sha256').update(token).digest('hex'),
    ];
    for (const attempt of forged) expectDead(await send(attempt));
    expect(await isAlive(user)).toBe(true);
    await rotate(user.refreshToken);
  });

  it('lives 30 days from the last use', async () => {
    pass(30 * DAY - 1);
    const { refreshToken } = await rotate(user.refreshToken);
    pass(30 * DAY - 1);
    const next = await rotate(refreshToken);
    pass(30 * DAY);
    expectDead(await send(next.refreshToken));
  });

  it('keeps no token that could be used', async () => {
    const next = await rotate(user.refreshToken);
    const secrets = [user, next].flatMap(({ refreshToken, accessToken }) => [refreshToken, accessToken]);
    const parts = secrets.flatMap((token) => token.split('.')).filter((part) => part.length >= 43);
    expect(parts.length).toBeGreaterThanOrEqual(4);
    const folder = ferry.config.dataDirectory;
    const files = await Promise.all(
      (await readdir(folder)).map((name) => readFile(path.join(folder, name), 'latin1')),
    );
    const kept = files.join('\n');
    expect(kept).toContain(user.id);
    for (const part of parts) expect(kept).not.toContain(part);
  });

  it.each([
    ['nothing', {}],
    ['an empty token', { refreshToken: '' }],
    ['a token of 513 characters', { refreshToken: 'x'.repeat(513) }],
    ['an operator', { refreshToken: { $ne: null } }],
    ['another field', { refreshToken: 'x', grant_type: 'refresh_token' }],
  ])('refuses %s', async (_, body) => {
    expectProblem(await post('refresh', body), 400, 'invalid_request');
  });

  it.each([['x'], ["' OR 1=1 --"], ['x'.repeat(512)]])('knows no token %j', async (refreshToken) => {
    expectDead(await send(refreshToken));
  });
});

describe('POST /auth/logout', () => {
  let user: TestUser;
  let other: Tokens;

  beforeEach(async () => {
    user = await makeUser(ferry);
    other = (await post('login', { username: user.username, password: user.password })).body as Tokens;
  });

  const expectEnded = async (tokens: Tokens) => {
    expect(await isAlive(tokens)).toBe(false);
    expectDead(await send(tokens.refreshToken));
  };

  it.each<[string, (by: TestUser) => Test]>([
    ['the access token', (by) => post('logout', {}).set(by.auth)],
    ['the access token, without a body', (by) => request(ferry.url).post(`${API}/auth/logout`).set(by.auth)],
    ['the refresh token', ({ refreshToken }) => post('logout', { refreshToken })],
    ['both', ({ auth, refreshToken }) => post('logout', { refreshToken }).set(auth)],
  ])('ends the sign-in by %s, and no other one', async (_, logout) => {
    const answer = await logout(user).expect(204);
    expect(answer.text).toBe('');
    await expectEnded(user);
    expect(await told(user)).toEqual(['session.revoked']);
    expect(await isAlive(other)).toBe(true);
    await rotate(other.refreshToken);
  });

  it('ends the sign-in also by a refresh token that was just rotated', async () => {
    const next = await rotate(user.refreshToken);
    await post('logout', { refreshToken: user.refreshToken }).expect(204);
    await expectEnded(next);
  });

  it('ends both sign-ins when the two tokens are of two', async () => {
    await post('logout', { refreshToken: other.refreshToken }).set(user.auth).expect(204);
    await expectEnded(user);
    await expectEnded(other);
  });

  it('is done when there is nothing to end', async () => {
    await post('logout', {}).expect(204);
    await post('logout', { refreshToken: 'unknown' }).expect(204);
    await post('logout', { refreshToken: user.refreshToken }).expect(204);
    await post('logout', { refreshToken: user.refreshToken }).expect(204);
    expect(await told(user)).toEqual(['session.revoked']);
  });

  it('wins over a refresh at the same moment', async () => {
    const [, refreshed] = await Promise.all([
      post('logout', { refreshToken: user.refreshToken }).set(user.auth),
      send(user.refreshToken),
    ]);
    expect([200, 400]).toContain(refreshed.status);
    if (refreshed.status === 200) await expectEnded(refreshed.body as Tokens);
    await expectEnded(user);
  });

  it('refuses an unknown field', async () => {
    expectProblem(await post('logout', { everywhere: true }), 400, 'invalid_request');
  });
});
