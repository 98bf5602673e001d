import request from 'supertest';
import { createUploadTicket } from '../../src/schemas/upload-tickets';
import { Browser } from '../support/browser';
import { API, makeUser, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { expectProblem } from '../support/problems';

const HOUR = 60 * 60 * 1000;
const START = new Date('2026-11-22T08:15:30.123Z').getTime();
const NEW_PASSWORD = 'quite another password';

let ferry: Ferry;
let user: TestUser;
let time = START;

beforeAll(async () => {
  ferry = await startFerry({ now: () => new Date(time) });
});

afterAll(() => ferry.stop());

beforeEach(async () => {
  time = START;
  user = await makeUser(ferry);
});

async function ticketOf(owner: { auth: { Authorization: string } }): Promise<string> {
  const answer = await request(ferry.url).post(`${API}/uploads/tickets`).set(owner.auth).expect(201);
  expect(createUploadTicket.responses[201]?.schema?.parse(answer.body)).toEqual(answer.body);
  expect(answer.headers['cache-control']).toBe('no-store');
  return (answer.body as { ticket: string }).ticket;
}

const begin = (ticket: string, headers: Record<string, string> = {}) =>
  request(ferry.url)
    .post(`${API}/uploads?ticket=${encodeURIComponent(ticket)}`)
    .set(headers)
    .send({ name: 'a', size: 3 });

describe('an upload ticket', () => {
  it('carries an upload from its start to its end', async () => {
    const ticket = await ticketOf(user);
    const begun = await begin(ticket).expect(201);
    const { id } = begun.body as { id: string };
    const at = (path: string) => `${API}/uploads/${id}${path}?ticket=${ticket}`;
    const octets = { 'Content-Type': 'application/octet-stream' };
    await request(ferry.url).put(at('/chunks/0')).set(octets).send('abc').expect(200);
    await request(ferry.url).post(at('/complete')).expect(201);
    await request(ferry.url).get(`${API}/uploads/${id}`).set(user.auth).expect(200);
  });

  it('is for one user', async () => {
    const begun = await begin(await ticketOf(user)).expect(201);
    const other = await ticketOf(await makeUser(ferry));
    const { id } = begun.body as { id: string };
    expectProblem(await request(ferry.url).get(`${API}/uploads/${id}?ticket=${other}`), 404, 'not_found');
  });

  it('needs no proof of where a page comes from, unlike a cookie', async () => {
    const browser = await Browser.signedIn(ferry, user);
    const foreign = { Origin: 'https://evil.example', Cookie: browser.cookieHeader };
    await begin(await ticketOf(user), foreign).expect(201);
  });

  it('gives way to an access token', async () => {
    const answer = await begin(await ticketOf(user), { Authorization: 'Bearer nonsense' });
    expectProblem(answer, 401, 'invalid_token');
  });

  it('opens nothing but uploads', async () => {
    const ticket = await ticketOf(user);
    for (const path of ['/users/me', '/files', '/auth/sessions']) {
      const answer = await request(ferry.url).get(`${API}${path}?ticket=${ticket}`);
      expectProblem(answer, 401, 'unauthenticated');
    }
    const again = await request(ferry.url).post(`${API}/uploads/tickets?ticket=${ticket}`);
    expectProblem(again, 401, 'unauthenticated');
  });

  it.each([
    ['nothing', ''],
    ['something else', 'abc'],
    ['too much', 'a'.repeat(5000)],
    ['what is no base64', '💥'],
  ])('is refused when it is %s', async (_, ticket) => {
    expectProblem(await begin(ticket), 401, 'invalid_token');
  });

  it('is refused when one letter is changed', async () => {
    const ticket = await ticketOf(user);
    for (const at of [0, 20, ticket.length - 2]) {
      const changed = ticket.slice(0, at) + (ticket[at] === 'A' ? 'B' : 'A') + ticket.slice(at + 1);
      expectProblem(await begin(changed), 401, 'invalid_token');
    }
  });

  it('expires', async () => {
    const ticket = await ticketOf(user);
    time += 6 * HOUR - 1;
    await begin(ticket).expect(201);
    time += 1;
    expectProblem(await begin(ticket), 401, 'invalid_token');
  });

  it('ends with its sign-in', async () => {
    const ticket = await ticketOf(user);
    await request(ferry.url).post(`${API}/auth/logout`).set(user.auth).send({}).expect(204);
    expectProblem(await begin(ticket), 401, 'invalid_token');
  });

  it('ends when another sign-in changes the password', async () => {
    const ticket = await ticketOf(user);
    const { username, password } = user;
    const login = await request(ferry.url).post(`${API}/auth/login`).send({ username, password }).expect(200);
    await request(ferry.url)
      .post(`${API}/users/me/password`)
      .set({ Authorization: `Bearer ${(login.body as { accessToken: string }).accessToken}` })
      .send({ currentPassword: password, newPassword: NEW_PASSWORD })
      .expect(204);
    expectProblem(await begin(ticket), 401, 'invalid_token');
  });
});

it('needs a signed-in user', async () => {
  expectProblem(await request(ferry.url).post(`${API}/uploads/tickets`), 401, 'unauthenticated');
});
