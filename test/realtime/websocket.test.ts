import request from 'supertest';
import { until } from '../contract/until';
import { API, makeUser, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { Refused, type RealtimeClient } from '../support/realtime/client';
import { openWebsocket } from '../support/realtime/websocket';

let ferry: Ferry;
let user: TestUser;
const clients: RealtimeClient[] = [];

beforeAll(async () => {
  ferry = await startFerry({ settings: { CORS_ORIGINS: 'https://app.example' } });
  user = await makeUser(ferry);
});

afterAll(() => ferry.stop());

afterEach(() => {
  for (const client of clients.splice(0)) client.cut();
});

function kept<T extends RealtimeClient>(client: T): T {
  clients.push(client);
  return client;
}

async function refusal(connecting: Promise<RealtimeClient>): Promise<Refused> {
  const result: unknown = await connecting.then(kept, (error: unknown) => error);
  if (result instanceof Refused) return result;
  throw result instanceof Error ? result : new Error('the client was not refused');
}

const publish = (n: number, more: object = {}) =>
  ferry.stores.eventlog.append('documents', 'counted', { n, ...more });

describe('a WebSocket', () => {
  it('speaks ferry.v1 and answers pings', async () => {
    const client = kept(await openWebsocket(ferry, {}));
    expect(client.socket.protocol).toBe('ferry.v1');
    client.send({ op: 'ping' });
    await until(() => client.pongs.length > 0);
    expect(client.pongs).toEqual([{ op: 'pong' }]);
  });

  it.each([
    ['no JSON', 'hello'],
    ['no object', '[]'],
    ['an unknown op', { op: 'publish', topic: 'documents' }],
    ['no topics', { op: 'subscribe' }],
    ['an empty list', { op: 'subscribe', topics: [] }],
    ['an unknown field', { op: 'ping', admin: true }],
    ['__proto__', '{"op":"subscribe","topics":["documents"],"__proto__":{"a":1}}'],
    ['a bad cursor', { op: 'subscribe', topics: ['documents'], after: 'a:b' }],
    ['a deep one', `{"op":${'['.repeat(5000)}${']'.repeat(5000)}}`],
  ])('says what is wrong with a frame of %s, and goes on', async (_what, frame) => {
    const client = kept(await openWebsocket(ferry, {}));
    client.send(frame);
    await until(() => client.problems.length > 0);
    expect(client.problems[0]).toMatchObject({ code: 'invalid_request' });
    client.send({ op: 'ping' });
    await until(() => client.pongs.length > 0);
  });

  it('is closed with 1009 by a frame of more than 64 KiB', async () => {
    const client = kept(await openWebsocket(ferry, {}));
    client.send({ op: 'ping', padding: 'x'.repeat(64 * 1024) });
    await until(() => client.closed !== null);
    expect(client.closed).toBe('1009');
  });

  it('adds and takes away topics, and goes on with the others without a gap', async () => {
    const own = `user:${user.id}`;
    const client = kept(await openWebsocket(ferry, { token: user.accessToken }));
    client.send({ op: 'subscribe', topics: ['documents'] });
    await until(() => client.ready.length === 1);
    await publish(1);
    client.send({ op: 'subscribe', topics: [own] });
    await publish(2);
    await until(() => client.ready.length === 2);
    await ferry.stores.eventlog.append(own, 'counted', { n: 3 });
    await client.count(3);
    client.send({ op: 'unsubscribe', topics: ['documents'] });
    client.send({ op: 'ping' });
    await until(() => client.pongs.length === 1);
    await publish(4);
    await ferry.stores.eventlog.append(own, 'counted', { n: 5 });
    await client.count(4);
    expect(client.data).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }, { n: 5 }]);
  });

  it('takes a new token of the same user, and of nobody else', async () => {
    const client = kept(await openWebsocket(ferry, { token: user.accessToken }));
    const other = await makeUser(ferry);
    client.send({ op: 'refresh', accessToken: other.accessToken });
    await until(() => client.problems.length === 1);
    expect(client.problems[0]?.code).toBe('forbidden');
    client.send({ op: 'refresh', accessToken: 'a.b.c' });
    await until(() => client.problems.length === 2);
    expect(client.problems[1]?.code).toBe('invalid_token');
    client.send({ op: 'refresh', accessToken: user.accessToken });
    client.send({ op: 'subscribe', topics: [`user:${user.id}`] });
    await until(() => client.ready.length === 1);
  });

  it('lets somebody who came without credentials sign in', async () => {
    const client = kept(await openWebsocket(ferry, {}));
    client.send({ op: 'refresh', accessToken: user.accessToken });
    await until(() => ferry.services.hub.metrics.connections.websocket > 0);
    client.send({ op: 'subscribe', topics: [`user:${user.id}`] });
    await until(() => client.ready.length === 1);
  });

  it('is refused to pages of other sites', async () => {
    const refused = await refusal(openWebsocket(ferry, { origin: 'https://evil.example' }));
    expect([refused.status, refused.code]).toEqual([403, 'cross_site']);
    expect((await refusal(openWebsocket(ferry, { origin: 'null' }))).status).toBe(403);
    kept(await openWebsocket(ferry, { origin: ferry.url }));
    kept(await openWebsocket(ferry, { origin: 'https://app.example', token: user.accessToken }));
  });

  it('has a line in the access log, refused or not', async () => {
    const visitor = await makeUser(ferry);
    const client = await openWebsocket(ferry, { token: visitor.accessToken });
    client.cut();
    await refusal(openWebsocket(ferry, { token: 'a.b.c' }));
    const lines = () =>
      ferry.logged.filter(({ msg, path }) => msg === 'request' && path === `${API}/events/ws`);
    await until(() => lines().some(({ status, user: id }) => status === 101 && id === visitor.id));
    await until(() =>
      lines().some(({ status, requestId }) => status === 401 && typeof requestId === 'string'),
    );
  });

  it('needs a handshake', async () => {
    const answer = await request(ferry.url).get(`${API}/events/ws`).expect(400);
    expect(answer.body).toMatchObject({ code: 'invalid_request' });
  });
});
