import request, { type Response } from 'supertest';
import { API } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { expectProblem } from '../support/problems';
import { bytesOf } from '../support/uploads';
import { onWire } from '../support/wire';

const ORIGIN = 'https://app.example.com';

let ferry: Ferry;

beforeAll(async () => {
  ferry = await startFerry({ settings: { CORS_ORIGINS: `${ORIGIN}, http://localhost:5173` } });
});

afterAll(() => ferry.stop());

const get = (path: string, headers: Record<string, string> = {}) => request(ferry.url).get(path).set(headers);

describe('paths and methods', () => {
  it.each([
    ['get', '/nothing'],
    ['post', '/nothing'],
    ['get', '/api'],
    ['get', `${API}/users`],
    ['get', `${API}/users/you`],
    ['get', `${API}/users/me/more`],
    ['get', '/api/v2/users/me'],
    ['options', '/nothing'],
    ['delete', '/constructor'],
  ] as const)('%s %s: 404', async (method, path) => {
    expectProblem(await request(ferry.url)[method](path), 404, 'not_found');
  });

  it.each([
    ['put', '/healthz', 'HEAD, GET, OPTIONS'],
    ['post', '/healthz', 'HEAD, GET, OPTIONS'],
    ['get', `${API}/auth/login`, 'POST, OPTIONS'],
    ['head', `${API}/auth/login`, 'POST, OPTIONS'],
    ['delete', `${API}/users/me`, 'HEAD, GET, PATCH, OPTIONS'],
    ['patch', `${API}/uploads/0/chunks/0`, 'PUT, POST, OPTIONS'],
    ['post', `${API}/files/0/content`, 'HEAD, GET, OPTIONS'],
    ['post', '/', 'HEAD, GET, OPTIONS'],
  ] as const)('%s %s: 405 with Allow: %s', async (method, path, allow) => {
    const answer = await request(ferry.url)[method](path);
    expect(answer.headers.allow).toBe(allow);
    if (method === 'head') expect([answer.status, answer.text]).toEqual([405, undefined]);
    else expectProblem(answer, 405, 'method_not_allowed');
  });

  it.each([
    ['/healthz', 'HEAD, GET, OPTIONS'],
    [`${API}/users/me`, 'HEAD, GET, PATCH, OPTIONS'],
    [`${API}/files/0`, 'HEAD, GET, PATCH, DELETE, OPTIONS'],
  ])('OPTIONS %s: 204 with Allow: %s', async (path, allow) => {
    const answer = await request(ferry.url).options(path).expect(204);
    expect(answer.headers.allow).toBe(allow);
  });

  it.each(['TRACE', 'PROPFIND', 'PURGE', 'SEARCH', 'FOO', 'get', 'GETT'])('%s: 501', async (method) => {
    const { status, headers, body } = await onWire(ferry, method, '/healthz');
    expectProblem({ status, headers, text: body.toString() }, 501, 'not_implemented');
  });

  it('HEAD is GET without the body', async () => {
    const [whole, head] = await Promise.all([get('/openapi.json'), request(ferry.url).head('/openapi.json')]);
    expect(head.status).toBe(200);
    expect(head.text).toBeUndefined();
    expect(head.headers['content-type']).toBe(whole.headers['content-type']);
  });
});

describe('X-Request-Id', () => {
  const VALID = /^[A-Za-z0-9._-]{1,128}$/;

  it.each([['a'], ['A.b_c-1'], ['x'.repeat(128)]])('%s is taken, returned and logged', async (id) => {
    const answer = await get('/healthz', { 'X-Request-Id': id });
    expect(answer.headers['x-request-id']).toBe(id);
    expect(expectProblem(await get('/nothing', { 'X-Request-Id': id }), 404, 'not_found').requestId).toBe(id);
    expect(ferry.logged.filter(({ requestId }) => requestId === id)).not.toEqual([]);
  });

  it.each([['x'.repeat(129)], ['a b'], ['a/b'], ['"'], ['<script>'], ['${jndi}'], ['a,b'], ['naïve']])(
    '%s is replaced',
    async (id) => {
      const answer = await get('/healthz', { 'X-Request-Id': id });
      const made = String(answer.headers['x-request-id']);
      expect(made).toMatch(VALID);
      expect(made).not.toBe(id);
      expect(ferry.logged.some(({ requestId }) => requestId === id)).toBe(false);
    },
  );

  it('is another one each time where none is sent', async () => {
    const ids = await Promise.all(
      Array.from({ length: 5 }, async () => (await get('/healthz')).headers['x-request-id'] as string),
    );
    expect(new Set(ids).size).toBe(5);
  });
});

describe('?pretty', () => {
  it.each(['pretty', 'pretty=', 'pretty=1', 'pretty=false'])('?%s indents JSON', async (query) => {
    const answer = await get(`/healthz?${query}`)
      .expect(200)
      .expect('Content-Type', 'application/json; charset=utf-8');
    expect(answer.text).toBe('{\n  "status": "ok"\n}\n');
  });

  it('indents problems', async () => {
    const answer = await get('/nothing?pretty');
    expectProblem(answer, 404, 'not_found');
    expect(answer.text).toMatch(/^\{\n {2}"type": "about:blank",\n/);
  });

  it('is off without it', async () => {
    expect((await get('/healthz')).text).toBe('{"status":"ok"}');
    expect((await get('/nothing')).text).not.toContain('\n');
  });
});

describe('CORS', () => {
  const list = (answer: Response, name: string) => String(answer.headers[name]).split(/, ?|,/);

  it('lets an allowed origin read, with credentials', async () => {
    for (const answer of [
      await get('/healthz', { Origin: ORIGIN }),
      await get('/nothing', { Origin: ORIGIN }),
    ]) {
      expect(answer.headers['access-control-allow-origin']).toBe(ORIGIN);
      expect(answer.headers['access-control-allow-credentials']).toBe('true');
      expect(list(answer, 'access-control-expose-headers')).toEqual(
        expect.arrayContaining([
          'Content-Range',
          'ETag',
          'Accept-Ranges',
          'Content-Disposition',
          'Repr-Digest',
          'Retry-After',
        ]),
      );
      expect(answer.headers.vary).toMatch(/\bOrigin\b/);
    }
  });

  it('lets an allowed origin ask beforehand', async () => {
    const answer = await request(ferry.url)
      .options(`${API}/files/0/content`)
      .set({
        Origin: ORIGIN,
        'Access-Control-Request-Method': 'GET',
        'Access-Control-Request-Headers': 'range, if-range, if-match, authorization',
      })
      .expect(204);
    expect(answer.headers['access-control-allow-origin']).toBe(ORIGIN);
    expect(answer.headers['access-control-allow-credentials']).toBe('true');
    expect(list(answer, 'access-control-allow-headers')).toEqual(
      expect.arrayContaining([
        'Range',
        'If-Range',
        'If-Match',
        'Authorization',
        'Content-Digest',
        'Idempotency-Key',
      ]),
    );
    expect(list(answer, 'access-control-allow-methods')).toEqual([
      'GET',
      'HEAD',
      'POST',
      'PUT',
      'PATCH',
      'DELETE',
    ]);
    expect(answer.headers['access-control-max-age']).toBe('600');
    expect(answer.headers.vary).toMatch(/\bOrigin\b/);
  });

  it.each([
    ['https://evil.example'],
    [`${ORIGIN}.evil.example`],
    [`${ORIGIN}:443`],
    [`${ORIGIN}/`],
    ['http://app.example.com'],
    ['https://APP.example.com'],
    ['https://sub.app.example.com'],
    ['null'],
    ['*'],
  ])('gives no permission to %s', async (origin) => {
    const preflight = request(ferry.url)
      .options(`${API}/users/me`)
      .set({ Origin: origin, 'Access-Control-Request-Method': 'GET' });
    for (const answer of [await get('/healthz', { Origin: origin }), await preflight]) {
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
      expect(answer.headers.vary).toMatch(/\bOrigin\b/);
    }
  });

  it('allows nobody where nothing is set', async () => {
    const closed = await startFerry();
    try {
      const answer = await request(closed.url).get('/healthz').set('Origin', closed.url);
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    } finally {
      await closed.stop();
    }
  });
});

describe('security headers', () => {
  it.each(['/', '/healthz', '/nothing', '/css/ferry.css', `${API}/users/me`])(
    'come with %s',
    async (path) => {
      const { headers } = await get(path, { Accept: 'text/html' });
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
      });
      const policy = String(headers['content-security-policy']).split(';');
      expect(policy).toEqual(
        expect.arrayContaining([
          "default-src 'self'",
          "object-src 'none'",
          "base-uri 'none'",
          "frame-ancestors 'none'",
        ]),
      );
      expect(policy.join()).not.toMatch(/unsafe|\*/);
      expect(headers).not.toHaveProperty('x-powered-by');
      expect(headers).not.toHaveProperty('server');
      expect(headers).not.toHaveProperty('strict-transport-security');
    },
  );

  it('say HSTS where the public address is https', async () => {
    const own = await startFerry({ settings: { PUBLIC_URL: 'https://files.example.com' } });
    try {
      const { headers } = await request(own.url).get('/healthz').set('Host', 'files.example.com');
      expect(headers['strict-transport-security']).toMatch(/^max-age=\d{8,}/);
    } finally {
      await own.stop();
    }
  });
});

describe('compression', () => {
  const PATH = '/openapi.json';
  const coded = (coding: string, headers: Record<string, string> = {}) =>
    get(PATH, { 'Accept-Encoding': coding, ...headers });

  it.each([['gzip'], ['br'], ['deflate']])('%s: a strong ETag of its own, and 304 on it', async (coding) => {
    const plain = (await coded('identity').expect(200)).headers as Record<string, string>;
    const answer = await coded(coding).expect(200);
    const headers = answer.headers as Record<string, string>;
    expect(headers['content-encoding']).toBe(coding);
    expect(headers.vary).toMatch(/\bAccept-Encoding\b/);
    expect(headers.etag).toBe(plain.etag?.replace(/"$/, `-${coding}"`));
    expect(answer.body).toHaveProperty('openapi');
    for (const tags of [headers.etag ?? '', `"other", W/${headers.etag ?? ''}`]) {
      const again = await coded(coding, { 'If-None-Match': tags }).expect(304);
      expect(again.headers.etag).toBe(headers.etag);
      expect(again.text).toBe('');
    }
  });

  it('leaves what is not asked for, what is small and what is an error', async () => {
    const answers = [
      await coded('identity').expect(200),
      await coded('gzip;q=0').expect(200),
      await coded('unknown').expect(200),
      await coded('identity;q=0').expect(200),
      await coded('*;q=0').expect(200),
      await get('/healthz', { 'Accept-Encoding': 'gzip' }).expect(200),
      await get('/nothing', { 'Accept-Encoding': 'gzip' }).expect(404),
    ];
    for (const { headers } of answers) expect(headers).not.toHaveProperty('content-encoding');
  });

  it('is 304 on the plain tag, too', async () => {
    const { etag = '' } = (await coded('identity')).headers as { etag?: string };
    expect(etag).toMatch(/^"[^"]+"$/);
    expect((await coded('identity', { 'If-None-Match': etag }).expect(304)).headers.etag).toBe(etag);
    await coded('identity', { 'If-None-Match': '"other-gzip"' }).expect(200);
  });

  it('of pages unpacks to what they are', async () => {
    for (const path of ['/', '/docs', '/login/scan']) {
      const plain = await get(path, { 'Accept-Encoding': 'identity' })
        .buffer(true)
        .parse(bytesOf)
        .expect(200);
      const packed = await get(path, { 'Accept-Encoding': 'br' }).buffer(true).parse(bytesOf).expect(200);
      expect(packed.headers['content-encoding']).toBe('br');
      if (path !== '/') expect(packed.body).toEqual(plain.body);
    }
  });
});
