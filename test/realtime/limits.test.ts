import { once } from 'node:events';
import net from 'node:net';
import { until } from '../contract/until';
import { API, makeUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { Refused, type RealtimeClient } from '../support/realtime/client';
import { transports } from '../support/realtime/transports';
import { openWebsocket } from '../support/realtime/websocket';
import { requestHead, Wire } from '../support/wire';

let ferry: Ferry;
const clients: RealtimeClient[] = [];

beforeAll(async () => {
  ferry = await startFerry({ settings: { CORS_ORIGINS: 'https://app.example' } });
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

describe('limits', () => {
  const limited = async (settings: Record<string, string>, check: (limited: Ferry) => Promise<void>) => {
    const one = await startFerry({ settings });
    try {
      await check(one);
    } finally {
      for (const client of clients.splice(0)) client.cut();
      await one.stop();
    }
  };

  it.each(transports.filter(({ name }) => !name.endsWith('poll')))(
    'of the process and of an address hold for $name',
    async (transport) => {
      for (const [setting, status] of [
        ['EVENTS_MAX_CONNECTIONS', 503],
        ['EVENTS_MAX_PER_ADDRESS', 429],
      ] as const) {
        await limited({ [setting]: '1' }, async (one) => {
          kept(await transport.connect(one, { topics: ['documents'] }));
          const refused = await refusal(transport.connect(one, { topics: ['documents'] }));
          expect(refused.status).toBe(status);
          if (refused.headers['x-request-id']) expect(refused.headers['retry-after']).toBe('10');
          expect(one.services.hub.metrics.refused).toBe(1);
        });
      }
    },
  );

  it('of one user holds across transports', async () => {
    await limited({ EVENTS_MAX_PER_USER: '2' }, async (one) => {
      const busy = await makeUser(one);
      const asking = { topics: ['documents'], token: busy.accessToken };
      const [, , sse, websocket, socketio] = transports;
      kept(await sse!.connect(one, asking));
      kept(await websocket!.connect(one, asking));
      expect((await refusal(socketio!.connect(one, asking))).code).toBe('rate_limited');
      kept(await socketio!.connect(one, { ...asking, token: (await makeUser(one)).accessToken }));
    });
  });

  it('of topics hold for one connection and for all', async () => {
    await limited({ EVENTS_MAX_TOPICS: '2', EVENTS_MAX_SUBSCRIPTIONS: '3' }, async (one) => {
      const busy = await makeUser(one);
      const client = kept(await openWebsocket(one, { token: busy.accessToken }));
      client.send({ op: 'subscribe', topics: ['documents', `user:${busy.id}`] });
      await until(() => client.ready.length === 1);
      const second = kept(await openWebsocket(one, { token: busy.accessToken }));
      second.send({ op: 'subscribe', topics: ['documents', `user:${busy.id}`] });
      await until(() => second.problems.length === 1);
      expect(second.problems[0]?.code).toBe('unavailable');
      client.cut();
      await until(() => one.services.hub.metrics.connections.websocket === 1);
      second.send({ op: 'subscribe', topics: ['documents', `user:${busy.id}`] });
      await until(() => second.ready.length === 1);
    });
  });
});

describe('a server that stops', () => {
  it('tells clients when to come back, and takes no new ones', async () => {
    const stopping = await startFerry();
    const client = kept(await openWebsocket(stopping, {}));
    const wire = await Wire.connect(stopping);
    await wire.send(requestHead('GET', `${API}/events/stream?topics=documents`));
    await until(() => wire.surplus.includes('event: ready'));
    const poll = await Wire.connect(stopping);
    await poll.send(requestHead('GET', `${API}/events?topics=documents&wait=25`));
    await until(() => stopping.services.hub.metrics.connections.polling === 1);
    await stopping.services.hub.drain(20);
    expect((await poll.answer()).status).toBe(200);
    await until(() => client.closed === '4200');
    await until(() => wire.surplus.toString().split('retry: ').length === 3);
    const refused = await refusal(openWebsocket(stopping, {}));
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1']);
    poll.destroy();
    wire.destroy();
    await stopping.stop();
  });
});

describe('a client that does not read', () => {
  /** Opens a connection, subscribes, and then reads nothing more. */
  async function silent(head: string, then?: Buffer): Promise<net.Socket> {
    const socket = net.connect(Number(new URL(ferry.url).port), '127.0.0.1');
    await once(socket, 'connect');
    socket.write(head);
    await once(socket, 'data');
    if (then) socket.write(then);
    socket.pause();
    return socket;
  }

  it.each([
    ['SSE', `${API}/events/stream?topics=documents`, []],
    [
      'WebSocket',
      `${API}/events/ws`,
      [
        ['Connection', 'Upgrade'],
        ['Upgrade', 'websocket'],
        ['Sec-WebSocket-Version', '13'],
        ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
      ],
    ],
  ] as [string, string, [string, string][]][])(
    'over %s is left behind while others go on, and gets all of it when it reads again',
    async (name, target, lines) => {
      const { live } = ferry.services.hub.metrics;
      const frame = Buffer.from('{"op":"subscribe","topics":["documents"]}');
      const masked = Buffer.concat([Buffer.from([0x81, 0x80 | frame.length, 0, 0, 0, 0]), frame]);
      const socket = await silent(
        requestHead('GET', target, lines),
        name === 'WebSocket' ? masked : undefined,
      );
      const other = kept(await openWebsocket(ferry, {}));
      other.send({ op: 'subscribe', topics: ['documents'] });
      await until(() => other.ready.length === 1);
      const before = ferry.services.hub.metrics.behind;
      let sent = 0;
      while (ferry.services.hub.metrics.behind === before) {
        await publish((sent += 1), { padding: 'x'.repeat(50_000) });
        await other.count(sent);
      }
      await publish((sent += 1));
      await other.count(sent);
      expect(ferry.services.hub.metrics.live).toBeGreaterThan(live);
      let text = '';
      socket.on('data', (piece: Buffer) => {
        text += piece.toString('latin1');
      });
      socket.resume();
      await until(() => text.includes(`"n":${sent}}`));
      const numbers = [...text.matchAll(/"n":(\d+)/g)].map(([, n]) => Number(n));
      expect(numbers).toEqual(Array.from({ length: sent }, (_, n) => n + 1));
      socket.destroy();
    },
  );
});
