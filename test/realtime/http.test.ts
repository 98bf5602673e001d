import request from 'supertest';
import { until } from '../contract/until';
import { API } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { onWire, requestHead, Wire } from '../support/wire';

let ferry: Ferry;

beforeAll(async () => {
  ferry = await startFerry({ settings: { CORS_ORIGINS: 'https://app.example' } });
});

afterAll(() => ferry.stop());

const publish = (n: number, more: object = {}) =>
  ferry.stores.eventlog.append('documents', 'counted', { n, ...more });

describe('an upgrade to something else', () => {
  it.each(['GET', 'POST'])('is ignored: %s is answered as ever', async (method) => {
    const body = Buffer.from('{"username":"nobody","password":"wrong password"}');
    const target = method === 'GET' ? '/healthz' : `${API}/auth/login`;
    const answer = await onWire(
      ferry,
      method,
      target,
      [
        ['Connection', 'Upgrade, HTTP2-Settings'],
        ['Upgrade', 'h2c'],
        ['HTTP2-Settings', 'AAMAAABkAARAAAAAAAIAAAAA'],
        ...(method === 'POST'
          ? ([
              ['Content-Type', 'application/json'],
              ['Content-Length', String(body.length)],
            ] as [string, string][])
          : []),
      ],
      method === 'POST' ? body : Buffer.alloc(0),
    );
    expect(answer.status).toBe(method === 'GET' ? 200 : 401);
  });
});

describe('a stream', () => {
  it('begins at once with how to come back and where it is, uncompressed and kept by nobody', async () => {
    const wire = await Wire.connect(ferry);
    await wire.send(
      requestHead('GET', `${API}/events/stream?topics=documents`, [['Accept-Encoding', 'gzip, br']]),
    );
    await until(() => wire.surplus.includes('event: ready'));
    const text = wire.surplus.toString();
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(text).toMatch(/Content-Type: text\/event-stream; charset=utf-8\r\n/);
    expect(text).toMatch(/Cache-Control: no-store, no-transform\r\n/);
    expect(text).toMatch(/X-Accel-Buffering: no\r\n/);
    expect(text).not.toMatch(/Content-Encoding/i);
    expect(text).toMatch(/retry: \d{3,4}\n\n/);
    expect(text).toMatch(/id: ([\w.-]+)\nevent: ready\ndata: \{"next":"\1","recovered":true\}\n\n/);
    wire.destroy();
  });

  it('goes on after Last-Event-ID rather than after what stands in the URL', async () => {
    const [first, second] = [
      await request(ferry.url).get(`${API}/events?topics=documents`),
      await publish(1),
    ];
    const { next } = first.body as { next: string };
    const later = await request(ferry.url).get(`${API}/events?topics=documents&after=${next}`);
    expect(second.position.offset).toBeGreaterThan(0);
    await publish(2);
    const wire = await Wire.connect(ferry);
    const { next: last } = later.body as { next: string };
    await wire.send(
      requestHead('GET', `${API}/events/stream?topics=documents&after=${next}`, [['Last-Event-ID', last]]),
    );
    await until(() => wire.surplus.includes('event: counted'));
    expect(wire.surplus.toString()).not.toContain('"n":1');
    wire.destroy();
  });
});

describe('a poll', () => {
  const ask = (query: string) => request(ferry.url).get(`${API}/events?topics=documents${query}`);

  it('has nothing new: 200 with a cursor, and 304 to who has that', async () => {
    const first = await ask('').expect(200);
    expect(first.body).toEqual({ events: [], next: expect.any(String) as string, recovered: true });
    const { next } = first.body as { next: string };
    const second = await ask(`&after=${next}`).expect(200);
    const tag = second.headers['etag'] as string;
    await ask(`&after=${next}`).set('If-None-Match', tag).expect(304);
    await publish(1);
    const third = await ask(`&after=${next}`).set('If-None-Match', tag).expect(200);
    expect((third.body as { events: unknown[] }).events).toHaveLength(1);
    expect(third.headers['cache-control']).toBe('private, no-cache');
  });

  it.each(['&wait=26', '&wait=-1', '&wait=1.5', '&limit=1', '&after=a&after=b', '&topics=x'])(
    'refuses %s',
    async (query) => {
      expect((await ask(query).expect(400)).body).toMatchObject({ code: 'invalid_request' });
    },
  );

  it('ends its wait when the client goes', async () => {
    const wire = await Wire.connect(ferry);
    await wire.send(requestHead('GET', `${API}/events?topics=documents&wait=25`));
    await until(() => ferry.services.hub.metrics.connections.polling === 1);
    wire.destroy();
    await until(() => ferry.services.hub.metrics.connections.polling === 0);
  });

  it('comes with more events than fit in one answer, in several', async () => {
    const { next } = (await ask('')).body as { next: string };
    for (let n = 0; n < 700; n += 1) await publish(n);
    const first = (await ask(`&after=${next}&wait=25`)).body as { events: unknown[]; next: string };
    const second = (await ask(`&after=${first.next}&wait=25`)).body as typeof first;
    expect([first.events.length, second.events.length]).toEqual([500, 200]);
  });
});
