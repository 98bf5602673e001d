import request from 'supertest';
import { until } from '../contract/until';
import { Browser } from '../support/browser';
import { API, makeUser, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { Refused, type Asking, type RealtimeClient } from '../support/realtime/client';
import { transports } from '../support/realtime/transports';

const START = new Date('2026-11-22T08:15:30.123Z').getTime();

/** How each of them sees that the server ends it for good. */
const ENDINGS: Record<
  string,
  { revoked: string; expired: string; unreadable: string | null; restart: string | null }
> = {
  'short poll': {
    revoked: 'invalid_token',
    expired: 'invalid_token',
    unreadable: 'not_found',
    restart: null,
  },
  'long poll': {
    revoked: 'invalid_token',
    expired: 'invalid_token',
    unreadable: 'not_found',
    restart: 'unavailable',
  },
  SSE: { revoked: 'ended', expired: 'ended', unreadable: null, restart: 'ended' },
  WebSocket: { revoked: '4001', expired: '4002', unreadable: null, restart: '4200' },
  'socket.io over WebSocket': {
    revoked: 'io server disconnect',
    expired: 'io server disconnect',
    unreadable: null,
    restart: 'transport close',
  },
  'socket.io over polling': {
    revoked: 'io server disconnect',
    expired: 'io server disconnect',
    unreadable: null,
    restart: 'transport close',
  },
};

let ferry: Ferry;
let user: TestUser;
let other: TestUser;
let time = START;
const clients: RealtimeClient[] = [];

beforeAll(async () => {
  ferry = await startFerry({ now: () => new Date(time) });
  other = await makeUser(ferry);
});

afterAll(() => ferry.stop());

beforeEach(async () => {
  time = START;
  user = await makeUser(ferry);
});

afterEach(() => {
  for (const client of clients.splice(0)) client.cut();
});

async function publish(topic: string, ...numbers: number[]): Promise<void> {
  for (const n of numbers) await ferry.stores.eventlog.append(topic, 'counted', { n });
}

async function ticketOf(owner: TestUser): Promise<string> {
  const answer = await request(ferry.url).post(`${API}/events/tickets`).set(owner.auth).expect(201);
  return (answer.body as { ticket: string }).ticket;
}

async function documentOf(owner: TestUser, visibility: 'public' | 'private'): Promise<string> {
  const answer = await request(ferry.url)
    .post(`${API}/documents`)
    .set(owner.auth)
    .send({ title: 'River', body: 'water', visibility })
    .expect(201);
  return (answer.body as { id: string }).id;
}

describe.each(transports)('over $name', (transport) => {
  const { name } = transport;
  const ending = ENDINGS[name]!;
  const open = async (asking: Asking, at: Pick<Ferry, 'url'> = ferry): Promise<RealtimeClient> => {
    const client = await transport.connect(at, asking);
    clients.push(client);
    return client;
  };
  const refusal = async (asking: Asking): Promise<Refused> => {
    const result: unknown = await open(asking).catch((error: unknown) => error);
    if (result instanceof Refused) return result;
    throw result instanceof Error ? result : new Error('the client was not refused');
  };

  it.each([
    ['an access token', () => ({ token: user.accessToken })],
    ['a ticket', async () => ({ ticket: await ticketOf(user) })],
    [
      'the cookie of one of our own pages',
      async () => {
        const browser = await Browser.signedIn(ferry, user);
        return { cookie: browser.cookieHeader, origin: ferry.url };
      },
    ],
  ])('takes %s', async (what, credentials) => {
    // A ticket opens one connection, and each poll is one.
    const once = what === 'a ticket' && name.endsWith('poll');
    const client = await open({ topics: [`user:${user.id}`], ...(await credentials()) });
    if (once) return;
    await publish(`user:${user.id}`, 1);
    await client.count(1);
  });

  it('takes a ticket once', async () => {
    const ticket = await ticketOf(user);
    const client = await open({ topics: [`user:${user.id}`], ticket });
    client.cut();
    const refused = await refusal({ topics: [`user:${user.id}`], ticket });
    expect(['invalid_token', 'by status']).toContain(refused.code);
    expect(refused.status).toBe(401);
  });

  it('refuses a token that is none', async () => {
    const refused = await refusal({ topics: ['documents'], token: 'a.b.c' });
    expect(['invalid_token', 'by status']).toContain(refused.code);
  });

  it('refuses a cookie that comes with the origin of another site', async () => {
    const browser = await Browser.signedIn(ferry, user);
    const refused = await refusal({
      topics: ['documents'],
      cookie: browser.cookieHeader,
      origin: 'https://evil.example',
    });
    expect(['cross_site', 'by status']).toContain(refused.code);
    expect(refused.status).toBe(403);
  });

  it('ends when the sign-in is ended', async () => {
    const client = await open({ topics: ['documents'], token: user.accessToken });
    await request(ferry.url).post(`${API}/auth/logout`).set(user.auth).send({}).expect(204);
    await until(() => client.closed !== null);
    expect(client.closed).toBe(ending.revoked);
    expect((await refusal({ topics: ['documents'], token: user.accessToken })).message).toMatch(
      /401|invalid_token/,
    );
  });

  it('ends also when nobody heard of the end of the sign-in', async () => {
    const client = await open({ topics: ['documents'], token: user.accessToken });
    const [signIn] = await ferry.stores.sql.signIns.listAlive(user.id, new Date(time));
    await ferry.stores.sql.signIns.end(signIn!.id, new Date(time));
    await ferry.services.hub.check();
    await until(() => client.closed !== null);
    expect(client.closed).toBe(ending.revoked);
  });

  it('ends some time after the access token has expired', async () => {
    const client = await open({ topics: ['documents'], token: user.accessToken });
    time += 600_000;
    await ferry.services.hub.check();
    if (!name.endsWith('poll')) {
      await until(() => client.problems.length > 0);
      expect(client.problems).toEqual([expect.objectContaining({ code: 'invalid_token' })]);
    }
    expect(client.closed).toBeNull();
    await ferry.services.hub.check();
    time += 31_000;
    await ferry.services.hub.check();
    // A poll that waits is soon over, and the next one is refused.
    if (name === 'long poll') await publish('documents', 1);
    await until(() => client.closed !== null);
    expect(client.closed).toBe(ending.expired);
    expect(client.problems.length).toBeLessThan(2);
  });

  it('brings nothing more of a document that was hidden', async () => {
    const id = await documentOf(other, 'public');
    const client = await open({ topics: [`document:${id}`, 'documents'], token: user.accessToken });
    await publish(`document:${id}`, 1);
    await client.count(1);
    await request(ferry.url)
      .patch(`${API}/documents/${id}`)
      .set(other.auth)
      .send({ visibility: 'private' })
      .expect(200);
    const told = client.events.length;
    await ferry.services.hub.check();
    if (ending.unreadable === null && name !== 'SSE') {
      await until(() => client.problems.length > 0);
      expect(client.problems[0]?.code).toBe('not_found');
      await publish('documents', 3);
      await until(() => client.events.slice(told).some(({ data }) => (data as { n?: number }).n === 3));
      await publish(`document:${id}`, 4);
      await publish('documents', 5);
      await until(() => client.events.some(({ data }) => (data as { n?: number }).n === 5));
      expect(client.data).not.toContainEqual({ n: 4 });
    } else {
      await until(() => client.closed !== null);
    }
    const refused = await refusal({
      topics: [`document:${id}`],
      token: user.accessToken,
      after: client.cursor,
    });
    expect(refused.code).toBe('not_found');
  });

  it('tells its client to come back when the server stops', async () => {
    const stopping = await startFerry();
    const client = await open({ topics: ['documents'] }, stopping);
    await stopping.services.hub.drain(0);
    if (ending.restart !== null && name !== 'long poll') {
      await until(() => client.closed !== null);
      expect(client.closed).toBe(ending.restart);
    }
    client.cut();
    await stopping.stop();
  });
});
