import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { truncate } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import net from 'node:net';
import { until } from '../contract/until';
import { ask, BehindNginx, BLOBS, hostOf } from '../support/behind-nginx';
import { API, makeFile, makeUpload, makeUser, sha256Of, type TestUser } from '../support/factories';
import type { Ferry } from '../support/ferry';
import { listed, makeLink } from '../support/links';
import { Nginx } from '../support/nginx';
import { blobPath, chunkPath } from '../support/uploads';
import { requestHead, Wire, type HeaderLines } from '../support/wire';

const MIB = 2 ** 20;

let behind: BehindNginx;
let ferry: Ferry;
let nginx: Nginx;
let user: TestUser;

beforeAll(async () => {
  behind = await BehindNginx.start();
  ({ ferry, nginx } = behind);
  user = await makeUser(ferry);
});

afterAll(() => behind.stop());

const signed = (): HeaderLines => [['Authorization', user.auth.Authorization]];
const range = (value: string): HeaderLines => [['Range', value]];

describe('nginx gives away', () => {
  it('only what Ferry lets the caller read', async () => {
    const stranger = await makeUser(ferry);
    const { contentUrl: target, bytes } = await makeFile(ferry, user);
    for (const lines of [[], range('bytes=0-4'), [['If-None-Match', '*']]] as HeaderLines[]) {
      for (const method of ['GET', 'HEAD']) {
        const others: HeaderLines = [...lines, ['Authorization', stranger.auth.Authorization]];
        expect((await behind.ask({ target, method, lines: others })).answer.status).toBe(404);
        expect((await behind.ask({ target, method, lines })).answer.status).toBe(404);
      }
    }
    const own = await behind.ask({ target, lines: signed() });
    expect([own.answer.status, own.answer.body.equals(bytes), own.sender]).toEqual([200, true, 'nginx']);
  });

  it('no blob to those who know its name', async () => {
    const { sha256 } = await makeFile(ferry, user, { visibility: 'public' });
    const name = `${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}`;
    for (const target of [
      BLOBS + name,
      `/${BLOBS}${name}`,
      `/api/..${BLOBS}${name}`,
      `/%5fferry-blobs/${name}`,
      `${BLOBS}../parts/`,
    ]) {
      for (const lines of [[], signed(), [['X-Sendfile-Type', 'X-Accel-Redirect']]] as HeaderLines[]) {
        expect((await ask(nginx, { target, lines })).status).toBe(404);
      }
    }
  });

  it('what links lead to, counted as without it', async () => {
    const file = await makeFile(ferry, user);
    const link = await makeLink(ferry, user, file, { maxDownloads: 2 });
    behind.reads = 0;
    const rows: [HeaderLines, string, number, number][] = [
      [[], 'HEAD', 200, 0],
      [range('bytes=0-9'), 'GET', 206, 1],
      [range('bytes=10-'), 'GET', 206, 1],
      [[], 'GET', 200, 2],
      [[['If-None-Match', `"${file.sha256}"`]], 'GET', 304, 2],
      [range('bytes=10-'), 'GET', 206, 2],
      [[], 'GET', 410, 2],
    ];
    for (const [lines, method, status, downloads] of rows) {
      const answer = await ask(nginx, { target: link.url, lines, method });
      expect([lines, answer.status]).toEqual([lines, status]);
      expect((await listed(ferry, user, file, link))?.downloads).toBe(downloads);
    }
    expect(behind.reads).toBe(0);
    const log = await behind.logged(/"GET \/d\/\.\.\." 410/);
    expect(log).not.toContain(link.url.split('/').at(-1));
  });

  it('nothing whole of content that is damaged', async () => {
    const file = await makeFile(ferry, user, { visibility: 'public' });
    await truncate(blobPath(ferry, file.sha256), 500);
    const wire = await Wire.connect(nginx);
    await wire.send(requestHead('GET', file.contentUrl));
    const outcome = await wire.answer().then(
      ({ status }) => status,
      () => 'broken off',
    );
    expect([500, 'broken off']).toContain(outcome);
    wire.destroy();
  });

  it('a problem where it cannot read the blobs', async () => {
    const blind = await behind.startBlind();
    try {
      const { contentUrl: target } = await makeFile(ferry, user, { visibility: 'public' });
      for (const lines of [[], range('bytes=0-4')]) {
        const { status, headers, body } = await ask(blind, { target, lines });
        expect(status).toBe(500);
        expect(headers['content-type']).toBe('application/problem+json');
        expect(headers['cache-control']).toMatch(/\bno-store$/);
        expect(JSON.parse(body.toString())).toMatchObject({ code: 'internal', requestId: 'the-same' });
        for (const name of ['etag', 'repr-digest', 'content-range']) {
          expect(headers).not.toHaveProperty(name);
        }
      }
      expect(await blind.errors()).toContain('/elsewhere/blobs/');
    } finally {
      await blind.stop();
    }
  });
});

describe('a long download through nginx', () => {
  it.each(['nginx', 'Ferry'])('that is cut goes on where it stopped, sent by %s', async (sender) => {
    const file = await makeFile(ferry, user, { bytes: randomBytes(16 * MIB), visibility: 'public' });
    const validator: HeaderLines = [[sender === 'nginx' ? 'If-Range' : 'If-Match', `"${file.sha256}"`]];
    const got: Buffer[] = [];
    const first = await Wire.connect(nginx);
    await first.send(requestHead('GET', file.contentUrl));
    await first.received(3 * MIB);
    first.destroy();
    const head = first.surplus.indexOf('\r\n\r\n') + 4;
    got.push(first.surplus.subarray(head));
    behind.reads = 0;
    const rest = await ask(nginx, {
      target: file.contentUrl,
      lines: [...range(`bytes=${got[0]!.length}-`), ...validator],
    });
    got.push(rest.body);
    expect([rest.status, behind.reads]).toEqual([206, sender === 'nginx' ? 0 : 1]);
    expect(sha256Of(Buffer.concat(got))).toBe(file.sha256);
  });
});

describe('an upload through nginx', () => {
  const SIZE = 64 * MIB;

  it('reaches Ferry as it comes, and is not kept on the way', async () => {
    const bytes = randomBytes(SIZE);
    const upload = await makeUpload(ferry, user, { size: SIZE, chunkSize: SIZE });
    const wire = await Wire.connect(nginx);
    const lines: HeaderLines = [...signed(), ['Content-Length', String(SIZE)]];
    await wire.send(requestHead('PUT', chunkPath(upload.id, 0), lines), bytes.subarray(0, SIZE / 2));
    await until(() => behind.connections.some((socket) => socket.bytesRead >= SIZE / 2));
    expect(await nginx.spooled()).toEqual([]);
    await wire.send(bytes.subarray(SIZE / 2));
    expect((await wire.answer()).status).toBe(200);
    expect(await nginx.spooled()).toEqual([]);
    wire.destroy();
  });

  it('that Ferry refuses is answered by Ferry', async () => {
    const upload = await makeUpload(ferry, user, { size: SIZE, chunkSize: SIZE });
    const wire = await Wire.connect(nginx);
    const sending = wire.send(
      requestHead('PUT', chunkPath(upload.id, 0), [['Content-Length', String(SIZE)]]),
      Buffer.alloc(SIZE),
    );
    const { status, body } = await wire.answer();
    expect([status, JSON.parse(body.toString())]).toEqual([
      401,
      expect.objectContaining({ code: 'unauthenticated' }),
    ]);
    wire.destroy();
    await sending;
  });
});

describe('through nginx Ferry hears', () => {
  it('where the client is, and not what it says of itself', async () => {
    const socket = net.connect({
      port: Number(new URL(nginx.url).port),
      host: '127.0.0.1',
      localAddress: '127.0.0.5',
    });
    const claims: HeaderLines = [
      ['X-Forwarded-For', '6.6.6.6'],
      ['X-Forwarded-Proto', 'https'],
      ['X-Forwarded-Host', 'evil.example'],
      ['Forwarded', 'for=6.6.6.6;proto=https;host=evil.example'],
      ['X-Request-Id', 'where-it-is'],
      ['Connection', 'close'],
    ];
    socket.write(requestHead('GET', '/healthz', claims));
    await once(socket.resume(), 'end');
    const line = () => ferry.logged.find(({ requestId }) => requestId === 'where-it-is');
    await until(() => line() !== undefined);
    expect(line()).toMatchObject({ address: '127.0.0.5' });
    await behind.logged(/^127\.0\.0\.5 .* where-it-is$/m);
  });

  it('a request id of its own where the client has none that is fit', async () => {
    const made = await fetch(`${nginx.url}/healthz?secret=1`, { headers: { 'X-Request-Id': 'not fit' } });
    const id = made.headers.get('x-request-id')!;
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    const log = await behind.logged(new RegExp(`"GET /healthz" \\d+ .* ${id}$`, 'm'));
    expect(log).not.toContain('secret');
  });

  it('of a browser that signs in, from the page where it is', async () => {
    const { username, password } = await makeUser(ferry);
    const signIn = (headers: Record<string, string>) =>
      fetch(`${nginx.url}${API}/auth/session`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...headers },
        body: JSON.stringify({ username, password }),
      });
    const answer = await signIn({ Origin: nginx.url });
    expect(answer.status).toBe(200);
    const cookie = answer.headers.getSetCookie().map((line) => line.split(';')[0]!);
    const me = await fetch(`${nginx.url}${API}/users/me`, { headers: { Cookie: cookie.join('; ') } });
    expect(await me.json()).toMatchObject({ username });
    const claimed = { 'X-Forwarded-Host': 'evil.example', Origin: 'http://evil.example' };
    expect((await signIn(claimed)).status).toBe(403);
  });

  it('many requests over few connections', async () => {
    const before = behind.connections.length;
    for (let i = 0; i < 20; i += 1) await (await fetch(`${nginx.url}/healthz`)).text();
    expect(behind.connections.length - before).toBeLessThanOrEqual(2);
  });
});

describe('what passes through nginx at once', () => {
  let stub: Server;
  let before: Nginx;

  beforeAll(async () => {
    stub = createServer((request, response) => {
      if (request.url === '/api/v1/events/stream') response.write('data: first\n\n');
      else response.end('ok');
    });
    stub.on('upgrade', (request, socket) => {
      const { url = '', headers } = request;
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: ${headers.upgrade ?? ''}\r\nX-Path: ${url}\r\n\r\n`,
      );
      socket.pipe(socket);
      socket.on('error', () => undefined);
    });
    stub.listen(0, '127.0.0.1');
    await once(stub, 'listening');
    before = await Nginx.start({
      upstreams: [hostOf(stub), hostOf(stub)],
      uploadsDirectory: ferry.config.uploadsDirectory,
    });
  });

  afterAll(async () => {
    await before.stop();
    stub.closeAllConnections();
    await new Promise((resolve) => stub.close(resolve));
  });

  it('is an event, while its stream goes on', async () => {
    const wire = await Wire.connect(before);
    await wire.send(requestHead('GET', '/api/v1/events/stream'));
    await until(() => wire.surplus.includes('data: first\n\n'));
    wire.destroy();
  });

  it.each(['/api/v1/events/ws', '/socket.io/?transport=websocket'])('is a WebSocket at %s', async (path) => {
    const wire = await Wire.connect(before);
    await wire.send(
      requestHead('GET', path, [
        ['Connection', 'Upgrade'],
        ['Upgrade', 'websocket'],
      ]),
    );
    await until(() => wire.surplus.includes('\r\n\r\n'));
    expect(wire.surplus.toString()).toMatch(/^HTTP\/1\.1 101 /);
    expect(wire.surplus.toString()).toContain(`X-Path: ${path}`);
    await wire.send('there and back');
    await until(() => wire.surplus.includes('there and back'));
    wire.destroy();
  });
});
