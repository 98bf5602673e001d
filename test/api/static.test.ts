import { rename, rm, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { sha256Of } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { expectProblem } from '../support/problems';
import { StaticProject } from '../support/static';
import { onWire, requestHead, Wire, type HeaderLines, type WireAnswer } from '../support/wire';

const MIB = 2 ** 20;
const BYTES = Buffer.from(Array.from({ length: 1000 }, (_, index) => (index * 7) % 256));
const STYLE = Buffer.from('body { color: black }\n'.repeat(200));
const E = `"${sha256Of(BYTES)}"`;
const CACHED = 'public, no-cache';

describe('static files', () => {
  let ferry: Ferry;
  let project: StaticProject;

  beforeAll(async () => {
    project = await StaticProject.make();
    await writeFile(path.join(project.directory, 'secret.txt'), 'not for anybody');
    await Promise.all([
      project.put('f.bin', BYTES),
      project.put('empty.bin', ''),
      project.put('css/style.css', STYLE),
      project.put('noextension', 'x'),
      project.put('.env', 'SECRET=1'),
      project.put('css/.hidden/a.css', 'a'),
    ]);
    const past = new Date(Date.now() - 60 * 60 * 1000);
    await utimes(project.at('f.bin'), past, past);
    ferry = await startFerry({ project: project.directory });
  });

  afterAll(async () => {
    await ferry.stop();
    await project.remove();
  });

  /** One request on a connection that ends with it, so that nothing beyond the answer goes unnoticed. */
  async function ask(target: string, lines: HeaderLines = [], method = 'GET'): Promise<WireAnswer> {
    const wire = await Wire.connect(ferry);
    await wire.send(requestHead(method, target, [...lines, ['Connection', 'close']]));
    const answer = await wire.answer(method);
    await wire.end();
    expect(wire.surplus).toHaveLength(0);
    wire.destroy();
    return answer;
  }

  describe('as they are', () => {
    it('have a strong tag, a date, a type and a word on how long they may be kept', async () => {
      const { status, headers, body } = await ask('/f.bin');
      expect(status).toBe(200);
      expect(body).toEqual(BYTES);
      expect(headers).toMatchObject({
        'accept-ranges': 'bytes',
        'cache-control': CACHED,
        'content-length': '1000',
        'content-type': 'application/octet-stream',
        etag: E,
        'x-content-type-options': 'nosniff',
      });
      expect(headers['vary']).toMatch(/\bAccept-Encoding\b/);
      expect(Date.parse(headers['last-modified']!)).toBeLessThan(Date.now());
      expect((await ask('/noextension')).headers['content-type']).toBe('application/octet-stream');
      expect((await ask('/css/style.css')).headers['content-type']).toBe('text/css; charset=utf-8');
    });

    it.each<[HeaderLines, string]>([
      [[['Range', 'bytes=0-0']], '0-0'],
      [[['Range', 'bytes=990-5000']], '990-999'],
      [[['Range', 'bytes=-5000']], '0-999'],
      [[['Range', 'bytes=0-4,5-9']], '0-9'],
      [
        [
          ['Range', 'bytes=5-9'],
          ['If-Range', E],
        ],
        '5-9',
      ],
      [
        [
          ['Range', 'bytes=5-9'],
          ['If-Match', E],
        ],
        '5-9',
      ],
    ])('in part: %j is %s', async (lines, range) => {
      const { status, headers, body } = await ask('/f.bin', lines);
      const [first = 0, last = 0] = range.split('-').map(Number);
      expect([status, headers['content-range']]).toEqual([206, `bytes ${range}/1000`]);
      expect(headers).toMatchObject({ etag: E, 'cache-control': CACHED });
      expect(headers['vary']).toMatch(/\bAccept-Encoding\b/);
      expect(body).toEqual(BYTES.subarray(first, last + 1));
    });

    it('in several parts', async () => {
      const { status, headers, body } = await ask('/f.bin', [['Range', 'bytes=500-509,0-9']]);
      const boundary = /^multipart\/byteranges; boundary=([\w-]{1,70})$/.exec(headers['content-type']!)?.[1];
      const head = (range: string) =>
        `--${boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes ${range}/1000\r\n\r\n`;
      const expected = Buffer.concat([
        Buffer.from(head('500-509')),
        BYTES.subarray(500, 510),
        Buffer.from(`\r\n${head('0-9')}`),
        BYTES.subarray(0, 10),
        Buffer.from(`\r\n--${boundary}--\r\n`),
      ]);
      expect([status, headers['content-range']]).toEqual([206, undefined]);
      expect(body).toEqual(expected);
    });

    it.each<[HeaderLines, number]>([
      [[['Range', 'bytes=5-2']], 200],
      [
        [
          ['Range', 'bytes=0-4'],
          ['If-Range', `W/${E}`],
        ],
        200,
      ],
      [[['If-None-Match', E]], 304],
      [[['If-None-Match', `"x", W/${E}`]], 304],
      [
        [
          ['If-None-Match', '*'],
          ['Range', 'bytes=0-4'],
        ],
        304,
      ],
      [
        [
          ['If-Modified-Since', new Date().toUTCString()],
          ['Range', 'bytes=0-4'],
        ],
        304,
      ],
      [[['If-Modified-Since', '2999-01-01']], 200],
      [[['If-Match', '"x"']], 412],
      [
        [
          ['If-Match', `W/${E}`],
          ['Range', 'bytes=5000-'],
        ],
        412,
      ],
      [[['If-Unmodified-Since', 'Sun, 06 Nov 1994 08:49:37 GMT']], 412],
      [[['Range', 'bytes=1000-']], 416],
      [[['Range', 'bytes=-0']], 416],
    ])('whole or not at all: %j is %i', async (lines, status) => {
      const answer = await ask('/f.bin', lines);
      expect(answer.status).toBe(status);
      if (status === 200) expect(answer.body).toEqual(BYTES);
      if (status === 304) expect(answer.headers).toMatchObject({ etag: E, 'cache-control': CACHED });
      if (status > 400) expect(answer.headers['cache-control']).toBe('no-store');
      expect(answer.headers['content-range']).toBe(status === 416 ? 'bytes */1000' : undefined);
    });

    it('answer HEAD as GET without Range', async () => {
      for (const range of [[], [['Range', 'bytes=0-4']], [['Range', 'bytes=5000-']]] as HeaderLines[]) {
        const { status, headers } = await ask('/f.bin', range, 'HEAD');
        expect([status, headers['content-length'], headers['etag']]).toEqual([200, '1000', E]);
        expect(headers).not.toHaveProperty('content-range');
      }
    });

    it('may be empty', async () => {
      for (const range of [[], [['Range', 'bytes=0-']], [['Range', 'bytes=-5']]] as HeaderLines[]) {
        const { status, headers, body } = await ask('/empty.bin', range);
        expect([status, headers['content-length'], body.length]).toEqual([200, '0', 0]);
      }
    });

    it('have a weak tag when they are too large to be hashed for each change', async () => {
      await project.put('large.bin', Buffer.alloc(8 * MIB + 1, 'a'));
      const tag = (await ask('/large.bin', [], 'HEAD')).headers['etag'] ?? '';
      expect(tag).toMatch(/^W\/"[0-9a-f]+-[0-9a-f]+"$/);
      expect((await ask('/large.bin', [['If-None-Match', tag]])).status).toBe(304);
      const part: HeaderLines = [['Range', 'bytes=-2']];
      expect((await ask('/large.bin', part)).body.toString()).toBe('aa');
      expect((await ask('/large.bin', [...part, ['If-Range', tag]])).body.length).toBe(8 * MIB + 1);
    });
  });

  describe('that change', () => {
    it('have another tag: If-Range gets the new whole, If-Match nothing', async () => {
      await project.put('a.bin', 'old content');
      const old = (await ask('/a.bin')).headers['etag'] ?? '';
      await project.put('a.new', 'new content');
      await rename(project.at('a.new'), project.at('a.bin'));
      const range: HeaderLines = [['Range', 'bytes=4-']];
      const whole = await ask('/a.bin', [...range, ['If-Range', old]]);
      expect([whole.status, whole.body.toString()]).toEqual([200, 'new content']);
      expect((await ask('/a.bin', [...range, ['If-Match', old]])).status).toBe(412);
    });

    it('have another tag also when neither size nor time tells', async () => {
      for (let turn = 0; turn < 100; turn += 1) {
        const content = String(1000 + turn);
        await project.put('b.bin', content);
        expect((await ask('/b.bin', [], 'HEAD')).headers['etag']).toBe(`"${sha256Of(Buffer.from(content))}"`);
      }
    });

    it('have another tag also when the one before was remembered', async () => {
      const tag = async () => (await ask('/c.bin', [], 'HEAD')).headers['etag'];
      const later = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 60_000);
      try {
        await project.put('c.bin', 'one');
        const first = await tag();
        expect(await tag()).toBe(first);
        await rm(project.at('c.bin'));
        await project.put('c.bin', 'another');
        expect(await tag()).toBe(`"${sha256Of(Buffer.from('another'))}"`);
      } finally {
        later.mockRestore();
      }
    });
  });

  describe('and what is none', () => {
    it.each([
      '/.env',
      '/css/.hidden/a.css',
      '/css',
      '/css/',
      '/f.bin/',
      '/nothing.css',
      '/..%2fsecret.txt',
      '/css/..%2f..%2fsecret.txt',
      '/%2e%2e/secret.txt',
      '/../secret.txt',
    ])('GET %s is 404', async (target) => {
      for (const lines of [[], [['Range', 'bytes=0-4']], [['If-None-Match', '*']]] as HeaderLines[]) {
        const { status, headers, body } = await ask(target, lines);
        expectProblem({ status, headers, text: body.toString() }, 404, 'not_found');
      }
      expect((await ask(target, [], 'POST')).status).toBe(404);
    });

    it.each(['POST', 'PUT', 'PATCH', 'DELETE'])('%s of a file is 405', async (method) => {
      const { status, headers, body } = await ask('/f.bin', [['Content-Length', '0']], method);
      expectProblem({ status, headers, text: body.toString() }, 405, 'method_not_allowed');
      expect(headers['allow']).toBe('GET, HEAD, OPTIONS');
      expect(await project.open()).toBe(0);
    });

    it('OPTIONS tells what a file takes', async () => {
      const { status, headers } = await ask('/css/style.css', [], 'OPTIONS');
      expect([status, headers['allow']]).toEqual([204, 'GET, HEAD, OPTIONS']);
      expect(headers).not.toHaveProperty('last-modified');
    });
  });

  it('above STATIC_MAX_BYTES are refused', async () => {
    const limited = await startFerry({ project: project.directory, settings: { STATIC_MAX_BYTES: '1000' } });
    try {
      expect((await onWire(limited, 'GET', '/f.bin')).status).toBe(200);
      for (const lines of [[], [['Range', 'bytes=0-4']]] as HeaderLines[]) {
        const { status, headers, body } = await onWire(limited, 'GET', '/css/style.css', lines);
        expectProblem({ status, headers, text: body.toString() }, 413, 'too_large');
      }
      expect(await project.open()).toBe(0);
    } finally {
      await limited.stop();
    }
  });
});
