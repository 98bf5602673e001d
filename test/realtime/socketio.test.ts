import request from 'supertest';
import { until } from '../contract/until';
import { makeUser, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { Refused, type RealtimeClient } from '../support/realtime/client';
import { openSocketio } from '../support/realtime/socketio';

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

describe('socket.io', () => {
  it.each([['polling'], ['websocket']])('is refused to pages of other sites over %s', async (transport) => {
    const refused = await refusal(openSocketio(ferry, { origin: 'https://evil.example' }, [transport]));
    expect(refused.status).toBe(403);
    kept(await openSocketio(ferry, { origin: 'https://app.example', token: user.accessToken }, [transport]));
  });

  it('has CORS by the list, and serves no client', async () => {
    const path = '/socket.io/?EIO=4&transport=polling';
    const answer = await request(ferry.url).get(path).set('Origin', 'https://app.example').expect(200);
    expect(answer.headers['access-control-allow-origin']).toBe('https://app.example');
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(answer.headers['x-request-id']).toBeDefined();
    await request(ferry.url).get('/socket.io/socket.io.js').expect(404);
  });

  it('changes from polling to a WebSocket on the way', async () => {
    const client = kept(await openSocketio(ferry, { token: user.accessToken }, ['polling', 'websocket']));
    await client.subscribe(['documents'], undefined);
    await until(() => client.socket.io.engine.transport.name === 'websocket');
    await publish(1);
    await client.count(1);
  });

  it('gives up a client that sends too large a packet', async () => {
    const client = kept(await openSocketio(ferry, {}, ['websocket']));
    client.socket.emit('subscribe', { topics: ['x'.repeat(70_000)] });
    await until(() => client.closed !== null);
    expect(client.closed).toBe('transport close');
  });

  it('ends a client that piles up work', async () => {
    const client = kept(await openSocketio(ferry, {}, ['websocket']));
    for (let n = 0; n < 200; n += 1) client.socket.emit('subscribe', { topics: ['documents'] });
    await until(() => client.closed !== null);
    expect(client.closings).toContainEqual({ reason: 'flooding', comeBack: 'later' });
  });

  it('gives its places back when the handshake is refused', async () => {
    const { socketio } = ferry.services.hub.metrics.connections;
    await request(ferry.url).get('/socket.io/?EIO=2&transport=polling').expect(400);
    await request(ferry.url).get('/socket.io/?EIO=4&transport=carrier-pigeon').expect(400);
    await request(ferry.url).get('/socket.io/?EIO=4&transport=polling&sid=nobody').expect(400);
    await until(() => ferry.services.hub.metrics.connections.socketio <= socketio);
  });
});
