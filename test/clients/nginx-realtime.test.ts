import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { until } from '../contract/until';
import { hostOf } from '../support/behind-nginx';
import { API } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { Nginx } from '../support/nginx';
import type { RealtimeClient } from '../support/realtime/client';
import { transports } from '../support/realtime/transports';

const PER_ADDRESS = 4;

let first: Ferry;
/** Another process on the same event log. */
let second: Ferry;
let nginx: Nginx;
const clients: RealtimeClient[] = [];

beforeEach(async () => {
  const settings = { TRUSTED_PROXIES: '127.0.0.1', EVENTS_MAX_PER_ADDRESS: String(PER_ADDRESS) };
  first = await startFerry({ settings });
  second = await startFerry({
    settings,
    wrapStores: (stores) => ({ ...stores, eventlog: first.stores.eventlog }),
  });
  nginx = await Nginx.start({
    upstreams: [hostOf(first.server), hostOf(second.server)],
    uploadsDirectory: first.config.uploadsDirectory,
  });
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.cut();
  await nginx.stop();
  await second.stop();
  await first.stop();
});

async function publish(n: number): Promise<void> {
  await first.stores.eventlog.append('documents', 'counted', { n });
}

function connected(ferry: Ferry): number {
  const { polling, sse, websocket, socketio } = ferry.services.hub.metrics.connections;
  return polling + sse + websocket + socketio;
}

describe.each(transports)('over $name through nginx', (transport) => {
  const open = async (after?: string): Promise<RealtimeClient> => {
    const client = await transport.connect(nginx, { topics: ['documents'], after });
    clients.push(client);
    return client;
  };

  it('each event arrives before the next one is published', async () => {
    const client = await open();
    for (let n = 1; n <= 5; n += 1) {
      await publish(n);
      await client.count(n);
    }
    expect(client.data).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }, { n: 5 }]);
  });

  it('clients of a server that stops go on with the other one, and miss nothing', async () => {
    const before = await open();
    await publish(1);
    await before.count(1);
    const leaving = connected(second) > 0 ? second : first;
    await leaving.services.hub.drain(0);
    leaving.server.closeAllConnections();
    await new Promise((resolve) => leaving.server.close(resolve));
    before.cut();
    await publish(2);
    const after = await open(before.cursor);
    expect(after.ready[0]?.recovered).toBe(true);
    await publish(3);
    const got = (): unknown[] => [
      ...new Set([...before.data, ...after.data].map((data) => JSON.stringify(data))),
    ];
    await until(() => got().length >= 3);
    expect(got()).toEqual(['{"n":1}', '{"n":2}', '{"n":3}']);
    expect(connected(leaving)).toBe(0);
  });
});

describe('through nginx', () => {
  it('a poll that finds nothing in its 25 s is answered', async () => {
    const now = await fetch(`${nginx.url}${API}/events?topics=documents`);
    const { next } = (await now.json()) as { next: string };
    const answer = await fetch(`${nginx.url}${API}/events?topics=documents&after=${next}&wait=25`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ events: [], next, recovered: true });
  });

  it('connections count for the address of the client', async () => {
    const streams: http.ClientRequest[] = [];
    const open = async (from: string): Promise<number | undefined> => {
      const request = http.get(`${nginx.url}${API}/events/stream?topics=documents`, { localAddress: from });
      streams.push(request);
      const [response] = (await once(request, 'response')) as [http.IncomingMessage];
      request.on('error', () => undefined);
      response.on('error', () => undefined).resume();
      return response.statusCode;
    };
    const opened: (number | undefined)[] = [];
    // Two servers count on their own.
    for (let n = 0; n <= 2 * PER_ADDRESS; n += 1) opened.push(await open('127.0.0.5'));
    expect(opened.slice(0, PER_ADDRESS)).toEqual(Array(PER_ADDRESS).fill(200));
    expect(opened.at(-1)).toBe(429);
    expect(await open('127.0.0.6')).toBe(200);
    for (const request of streams) request.destroy();
  });

  it('curl -N shows each event as it comes', async () => {
    const curl = spawn('curl', ['-sN', `${nginx.url}${API}/events/stream?topics=documents`]);
    let shown = '';
    curl.stdout.on('data', (bytes: Buffer) => (shown += bytes.toString()));
    await until(() => shown.includes('event: ready\n'));
    for (let n = 1; n <= 3; n += 1) {
      await publish(n);
      await until(() => shown.includes(`"data":{"n":${n}}`));
    }
    expect(shown).toMatch(
      /^retry: \d+\n\nid: [\w.-]+\nevent: ready\ndata: .*\n\n(?:id: [\w.-]+\nevent: counted\ndata: .*\n\n){3}$/,
    );
    curl.kill();
    await once(curl, 'exit');
  });
});
