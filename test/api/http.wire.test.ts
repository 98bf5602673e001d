import net from 'node:net';
import request from 'supertest';
import { until } from '../contract/until';
import { API, makeFile, makeUser, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { expectProblem } from '../support/problems';
import { codedChunk, onWire, requestHead, Wire, type HeaderLines } from '../support/wire';

const LOGIN = `${API}/auth/login`;
const JSON_TYPE: [string, string] = ['Content-Type', 'application/json'];
/** The server looks for slow headers every five seconds. */
const PATIENCE_MS = 30_000;

let ferry: Ferry;

beforeAll(async () => {
  ferry = await startFerry({ settings: { BODY_IDLE_SECONDS: '1' } });
});

afterAll(() => ferry.stop());

/** Sends these very bytes and gives the first answer. */
async function sent(...pieces: (string | Buffer)[]) {
  const wire = await Wire.connect(ferry);
  try {
    await wire.send(...pieces);
    const { status, headers, body } = await wire.answer();
    return { status, headers, text: body.toString() };
  } finally {
    wire.destroy();
  }
}

const withLine = (line: string) => sent(`GET /healthz HTTP/1.1\r\nHost: localhost\r\n${line}\r\n\r\n`);

describe('a malformed request', () => {
  it.each([
    ['a control byte in a value', 'X-Test: a\u0001b'],
    ['NUL in a value', 'X-Test: a\u0000b'],
    ['DEL in a value', 'X-Test: a\u007Fb'],
    ['a bare CR in a value', 'X-Test: a\rX-Other: b'],
    ['a bare LF in a value', 'X-Test: a\nX-Other: b'],
    ['a folded line', 'X-Test: a\r\n b'],
    ['a blank before the colon', 'X-Test : a'],
    ['a blank in a name', 'X Test: a'],
    ['no colon', 'X-Test'],
    ['an empty name', ': a'],
    ['a second Host', 'Host: elsewhere'],
    ['two lengths', 'Content-Length: 1\r\nContent-Length: 2'],
    ['a length that is no number', 'Content-Length: 1a'],
    ['a negative length', 'Content-Length: -1'],
    ['a length and a transfer coding', 'Content-Length: 5\r\nTransfer-Encoding: chunked'],
    ['a transfer coding and a length', 'Transfer-Encoding: chunked\r\nContent-Length: 5'],
    ['a transfer coding that does not end in chunked', 'Transfer-Encoding: chunked, gzip'],
  ])('is 400: %s', async (_, line) => {
    expectProblem(await withLine(line), 400, 'invalid_request');
  });

  it.each([
    ['a control byte in the path', 'GET /heal\u001Bthz HTTP/1.1'],
    [
      'a byte that is no ASCII in the path',
      Buffer.from('GET /caf\xe9 HTTP/1.1', 'latin1').toString('latin1'),
    ],
    ['another protocol', 'GET /healthz HTTPS/1.1'],
    ['another version', 'GET /healthz HTTP/3.0'],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0'],
    ['a broken escape', 'GET /%E0%A4%A HTTP/1.1'],
    ['NUL as an escape', 'GET /%00 HTTP/1.1'],
    ['NUL as an escape in an id', `GET ${API}/files/%00 HTTP/1.1`],
  ])('is 400: %s', async (_, line) => {
    expectProblem(
      await sent(Buffer.from(`${line}\r\nHost: localhost\r\n\r\n`, 'latin1')),
      400,
      'invalid_request',
    );
  });

  it('is 400 without a Host', async () => {
    expect((await sent('GET /healthz HTTP/1.1\r\n\r\n')).status).toBe(400);
  });

  it('is 400 when the chunks of its body are broken', async () => {
    const head = requestHead('POST', LOGIN, [JSON_TYPE, ['Transfer-Encoding', 'chunked']]);
    expectProblem(await sent(head, 'zz\r\n'), 400, 'invalid_request');
  });

  it('is 431 with 20 kB of header fields', async () => {
    expectProblem(await withLine(`X-Test: ${'x'.repeat(20_000)}`), 431, 'headers_too_large');
    expectProblem(await withLine(`Range: bytes=${'0-1,'.repeat(5000)}`), 431, 'headers_too_large');
    expectProblem(await sent(requestHead('GET', `/${'x'.repeat(20_000)}`)), 431, 'headers_too_large');
  });

  it('is logged with the id that the answer names, and with nothing that was sent', async () => {
    ferry.logged.length = 0;
    const answer = await sent(requestHead('NOPE', '/healthz', [['Authorization', 'Bearer hunter2']]));
    const { requestId } = expectProblem(answer, 501, 'not_implemented');
    expect(ferry.logged).toEqual([expect.objectContaining({ requestId })]);
    expect(JSON.stringify(ferry.logged)).not.toMatch(/hunter2|rawPacket|"Buffer"/);
  });

  it('on a connection that has served well is answered as well', async () => {
    const wire = await Wire.connect(ferry);
    await wire.send(requestHead('GET', '/healthz'));
    expect((await wire.answer()).status).toBe(200);
    await wire.send('GET / HTTP/9\r\n\r\n');
    expect((await wire.answer()).status).toBe(400);
    await wire.end();
  });

  it('behind one that is being answered puts nothing into that answer', async () => {
    const user = await makeUser(ferry);
    const bytes = Buffer.alloc(40_000_000, 'x');
    const { contentUrl } = await makeFile(ferry, user, { bytes, visibility: 'public' });
    const wire = await Wire.connect(ferry);
    // Not read any further, so that the server is left in the middle of the answer.
    const begun = new Promise<void>((resolve) => {
      wire.socket.on('data', function pause() {
        if (wire.surplus.length < 10_000) return;
        wire.socket.off('data', pause);
        wire.socket.pause();
        resolve();
      });
    });
    await wire.send(requestHead('GET', contentUrl));
    await begun;
    await wire.send('NOPE\r\n\r\n');
    wire.socket.resume();
    await expect(wire.answer()).rejects.toThrow('the connection ended');
    expect(wire.surplus.length).toBeGreaterThan(0);
    expect(wire.surplus.toString('latin1')).toMatch(/^x*$/);
  });

  it('does not keep its connection because the client keeps it', async () => {
    const { port } = new URL(ferry.url);
    const socket = net.connect({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true });
    const closed = new Promise((resolve) =>
      ferry.server.once('connection', (peer) => peer.once('close', resolve)),
    );
    socket.on('error', () => undefined);
    socket.resume();
    socket.write('NOPE\r\n\r\n');
    await closed;
    socket.destroy();
  });
});

describe('a slow request', () => {
  it(
    'is 408 when its headers take too long',
    async () => {
      ferry.server.headersTimeout = 500;
      expectProblem(await sent('GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: '), 408, 'timeout');
    },
    PATIENCE_MS,
  );

  it.each<[string, HeaderLines, Buffer]>([
    ['with a length', [JSON_TYPE, ['Content-Length', '100']], Buffer.from('{"username":')],
    ['in chunks', [JSON_TYPE, ['Transfer-Encoding', 'chunked']], codedChunk(Buffer.from('{"username":'))],
    ['of which nothing comes', [JSON_TYPE, ['Content-Length', '100']], Buffer.alloc(0)],
  ])('is 408 when its body stands still: %s', async (_, lines, bytes) => {
    const answer = await sent(requestHead('POST', LOGIN, lines), bytes);
    expectProblem(answer, 408, 'timeout');
    expect(answer.headers.connection).toBe('close');
  });
});

describe('a body that is not wanted', () => {
  it('does not lose the answer, nor the connection for the next request', async () => {
    const bytes = Buffer.alloc(300_000, 'x');
    const wire = await Wire.connect(ferry);
    const lines: HeaderLines = [
      ['Content-Type', 'text/plain'],
      ['Content-Length', String(bytes.length)],
    ];
    await wire.send(requestHead('POST', LOGIN, lines), bytes, requestHead('GET', '/healthz'));
    expect((await wire.answer()).status).toBe(415);
    expect((await wire.answer()).body.toString()).toBe('{"status":"ok"}');
    wire.destroy();
  });
});

describe('the log', () => {
  it.each([
    ['/%0D%0A%7B%22level%22%3A60%7D'],
    ['/%1B%5B2J%1B%5B31m'],
    ['/%E2%80%A8%C2%85'],
    ['/"},{"level":60,"msg":"forged"}'],
    [`/${'x'.repeat(5000)}`],
  ])('has one line for %s, without control characters', async (path) => {
    ferry.logged.length = 0;
    const id = 'hostile-path';
    await onWire(ferry, 'GET', path, [['X-Request-Id', id]]);
    await until(() => ferry.logged.some(({ msg }) => msg === 'request'));
    const line = ferry.logged.filter(({ requestId, msg }) => requestId === id && msg === 'request');
    expect(line).toEqual([expect.objectContaining({ level: 30, path })]);
    // eslint-disable-next-line no-control-regex -- what a terminal would obey, once JSON has been read
    expect(String(line[0]?.path)).not.toMatch(/[\u0000-\u001F\u007F-\u009F\u2028\u2029]/);
  });

  it('has no secret of those who sign in', async () => {
    ferry.logged.length = 0;
    const password = 'Tr0ub4dor&3 unheard-of';
    const user = await makeUser(ferry, { password });
    const post = (call: string, body: object | string) =>
      request(ferry.url).post(`${API}/auth/${call}`).type('json').send(body);
    const other = (await post('login', { username: user.username, password })).body as Pick<
      TestUser,
      'refreshToken'
    >;
    await post('login', { username: user.username, password: `${password}!` }).expect(401);
    await post('login', `{"username":"x","password":${password}}`).expect(400);
    await post('login', `{"username":"x","password":"${password}"`).expect(400);
    await post('refresh', { refreshToken: other.refreshToken }).expect(200);
    await request(ferry.url).get(`${API}/users/me`).set(user.auth).expect(200);
    await request(ferry.url)
      .get(`${API}/users/me`)
      .set('Authorization', `Bearer ${user.accessToken}x`)
      .expect(401);
    await request(ferry.url).get(`/healthz?access_token=${user.accessToken}`).expect(400);
    await request(ferry.url).get('/healthz').set('Cookie', `ferry.sid=${user.refreshToken}`).expect(200);
    await sent(requestHead('NOPE', '/', [['Authorization', user.auth.Authorization]]));
    await post('logout', { refreshToken: user.refreshToken }).expect(204);
    const log = JSON.stringify(ferry.logged);
    expect(ferry.logged.length).toBeGreaterThan(12);
    expect(log).toContain(user.id);
    const [, ...signed] = user.accessToken.split('.');
    const refreshTokens = [user, other].map(({ refreshToken }) => refreshToken.split('.').at(-1));
    for (const secret of [password, ...signed, ...refreshTokens]) {
      expect(secret).toMatch(/.{20}/);
      expect(log).not.toContain(secret);
    }
  });
});
