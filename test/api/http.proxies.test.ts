import request from 'supertest';
import { until } from '../contract/until';
import { API } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { expectProblem } from '../support/problems';
import { onWire, requestHead, Wire } from '../support/wire';

/** Where the request came from, as the log has it. */
async function addressOf(ferry: Ferry, headers: Record<string, string>): Promise<unknown> {
  const { headers: answered } = await request(ferry.url).get('/healthz').set(headers).expect(200);
  const line = () => ferry.logged.find(({ requestId }) => requestId === answered['x-request-id']);
  await until(() => line() !== undefined);
  return line()?.address;
}

describe('X-Forwarded-* of a client that is no proxy', () => {
  let ferry: Ferry;

  beforeAll(async () => {
    ferry = await startFerry({
      settings: { TRUSTED_PROXIES: '10.0.0.0/8, ::1', PUBLIC_URL: 'https://files.example.com' },
    });
  });

  afterAll(() => ferry.stop());

  it('says nothing of where it is', async () => {
    const claims = {
      'X-Forwarded-For': '6.6.6.6',
      Forwarded: 'for=6.6.6.6',
      'X-Real-IP': '6.6.6.6',
      'X-Client-IP': '6.6.6.6',
    };
    expect(await addressOf(ferry, claims)).toBe('127.0.0.1');
  });

  it('does not pass for the host', async () => {
    const headers = { Host: 'evil.example', 'X-Forwarded-Host': 'files.example.com' };
    expectProblem(await request(ferry.url).get('/').set(headers), 421, 'misdirected');
  });
});

describe('X-Forwarded-For of a proxy', () => {
  let ferry: Ferry;

  beforeAll(async () => {
    ferry = await startFerry({ settings: { TRUSTED_PROXIES: '127.0.0.1, 10.0.0.0/8, 2001:db8:1::/48' } });
  });

  afterAll(() => ferry.stop());

  it.each([
    ['nothing', undefined, '127.0.0.1'],
    ['the client', '203.0.113.7', '203.0.113.7'],
    ['an IPv6 client', '2001:db8:2::7', '2001:db8:2::7'],
    ['the client behind another proxy', '203.0.113.7, 10.1.2.3', '203.0.113.7'],
    ['the client behind proxies of both families', '203.0.113.7, 10.1.2.3, 2001:db8:1::2', '203.0.113.7'],
    ['what the client says of itself, then the client', '6.6.6.6, 203.0.113.7', '203.0.113.7'],
    ['a proxy that the client made up, then the client', '6.6.6.6, 10.0.0.1, 203.0.113.7', '203.0.113.7'],
    ['proxies alone', '10.1.2.3, 10.1.2.4', '10.1.2.3'],
    ['no address', 'unknown', '127.0.0.1'],
    ['an address that the client says, then none', '6.6.6.6, unknown', '127.0.0.1'],
    ['a mapped address', '::ffff:203.0.113.7', '::ffff:203.0.113.7'],
    ['a mapped proxy', '203.0.113.7, ::ffff:10.1.2.3', '203.0.113.7'],
    ['garbage', '<script>, "1"', '127.0.0.1'],
    ['commas', ',,', '127.0.0.1'],
  ])('with %s', async (_, forwardedFor, address) => {
    const headers = forwardedFor === undefined ? {} : { 'X-Forwarded-For': forwardedFor };
    expect(await addressOf(ferry, headers as Record<string, string>)).toBe(address);
  });

  it('in two lines is one list', async () => {
    const answer = await onWire(ferry, 'GET', '/healthz', [
      ['X-Forwarded-For', '6.6.6.6'],
      ['X-Forwarded-For', '203.0.113.7'],
      ['X-Request-Id', 'two-lines'],
    ]);
    expect(answer.status).toBe(200);
    await until(() => ferry.logged.some(({ requestId }) => requestId === 'two-lines'));
    expect(ferry.logged).toContainEqual(
      expect.objectContaining({ requestId: 'two-lines', address: '203.0.113.7' }),
    );
  });
});

describe('PUBLIC_URL', () => {
  let ferry: Ferry;

  beforeAll(async () => {
    ferry = await startFerry({
      settings: { PUBLIC_URL: 'https://files.example.com/', TRUSTED_PROXIES: '127.0.0.1' },
    });
  });

  afterAll(() => ferry.stop());

  const home = (headers: Record<string, string>) => request(ferry.url).get('/').set(headers);

  it.each(['files.example.com', 'FILES.Example.COM', 'files.example.com:443'])(
    'answers for %s',
    async (host) => {
      await home({ Host: host }).expect(200);
    },
  );

  it.each([
    'evil.example',
    'files.example.com.evil.example',
    'evil-files.example.com',
    'files.example.com:80',
    'files.example.com:4430',
    'files.example.com.',
    'files.example.com@evil.example',
    'evil.example, files.example.com',
    '127.0.0.1',
    'localhost',
  ])('does not answer for %s', async (host) => {
    const problem = expectProblem(await home({ Host: host }), 421, 'misdirected');
    expect(problem.detail).toBe('This server answers for files.example.com.');
  });

  it('does not answer for a host without a name', async () => {
    const wire = await Wire.connect(ferry);
    await wire.send('GET / HTTP/1.1\r\nHost:\r\n\r\n');
    expect((await wire.answer()).status).toBe(421);
    await wire.send('GET / HTTP/1.0\r\n\r\n');
    expect((await wire.answer()).status).toBe(421);
    wire.destroy();
  });

  it('refuses before it does anything', async () => {
    const answer = await request(ferry.url)
      .post(`${API}/auth/register`)
      .set('Host', 'evil.example')
      .send({ username: 'nobody', password: 'long enough' });
    expectProblem(answer, 421, 'misdirected');
    await request(ferry.url)
      .post(`${API}/auth/register`)
      .set('Host', 'files.example.com')
      .send({ username: 'nobody', password: 'long enough' })
      .expect(201);
  });

  it.each(['/healthz', '/readyz'])('lets monitors call %s by address', async (path) => {
    await request(ferry.url).get(path).expect(200);
  });

  it('believes the host that a proxy names', async () => {
    await home({
      Host: 'ferry:3000',
      'X-Forwarded-Host': 'files.example.com',
      'X-Forwarded-Proto': 'https',
    }).expect(200);
    await home({ Host: 'files.example.com', 'X-Forwarded-Host': 'evil.example' }).expect(421);
  });

  it('is what the home page shows, whatever the request says', async () => {
    const { text } = await home({ Host: 'files.example.com', 'X-Forwarded-Proto': 'http' }).expect(200);
    expect(text).toContain('https://files.example.com');
    expect(text).not.toContain('http://files.example.com');
  });
});

describe('without PUBLIC_URL', () => {
  it('every host is served', async () => {
    const ferry = await startFerry();
    try {
      await request(ferry.url).get('/').set('Host', 'anything.example').expect(200);
      const wire = await Wire.connect(ferry);
      await wire.send(requestHead('GET', '/').replace('Host: localhost', 'Host: "><script>'));
      const { status, body } = await wire.answer();
      expect([200, 400]).toContain(status);
      expect(body.toString()).not.toContain('<script>');
      wire.destroy();
    } finally {
      await ferry.stop();
    }
  });
});
