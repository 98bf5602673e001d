import { randomBytes } from 'node:crypto';
import { stat, utimes } from 'node:fs/promises';
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { sha256Of } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { StaticProject } from '../support/static';
import { onWire, type HeaderLines, type WireAnswer } from '../support/wire';

const STYLE = Buffer.from(
  Array.from({ length: 200 }, (_, index) => `.c${(index * 7919) % 1000} { color: black }\n`).join(''),
);
const BR = brotliCompressSync(STYLE);
const GZIP = gzipSync(STYLE);
const tagOf = (bytes: Buffer) => `"${sha256Of(bytes)}"`;

type Coding = 'br' | 'gzip' | undefined;
const FORMS = [
  [undefined, STYLE],
  ['br', BR],
  ['gzip', GZIP],
] as const;

function bytesAs(coding: Coding): Buffer {
  return FORMS.find(([name]) => name === coding)![1];
}

const accept = (value: string): HeaderLines => [['Accept-Encoding', value]];

describe('compressed forms of static files', () => {
  let ferry: Ferry;
  let project: StaticProject;

  beforeAll(async () => {
    project = await StaticProject.make();
    await Promise.all([
      project.put('style.css', STYLE),
      project.put('style.css.br', BR),
      project.put('style.css.gz', GZIP),
      project.put('plain.css', STYLE),
      project.put('only.css', STYLE),
      project.put('only.css.gz', GZIP),
      project.put('release.tar', STYLE),
      project.put('release.tar.gz', GZIP),
    ]);
    ferry = await startFerry({ project: project.directory });
  });

  afterEach(async () => {
    expect(await project.open()).toBe(0);
  });

  afterAll(async () => {
    await ferry.stop();
    await project.remove();
  });

  const ask = (target: string, lines: HeaderLines = [], method = 'GET') =>
    onWire(ferry, method, target, lines);

  /** Every answer says that it was chosen, which form it is, and how long it may be kept. */
  function expectForm({ status, headers }: WireAnswer, coding: Coding): void {
    expect(headers).toMatchObject({
      etag: tagOf(bytesAs(coding)),
      'cache-control': 'public, no-cache',
      vary: expect.stringMatching(/\bAccept-Encoding\b/) as string,
    });
    expect(headers['content-encoding']).toBe(status === 304 ? undefined : coding);
    if (status !== 304) expect(headers['content-type']).toBe('text/css; charset=utf-8');
  }

  it.each<[string | undefined, Coding]>([
    [undefined, undefined],
    ['', undefined],
    ['identity', undefined],
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip', 'gzip'],
    ['gzip;q=1, br;q=0.5', 'gzip'],
    ['br;q=0, *', 'gzip'],
    ['*', 'br'],
    ['identity, br;q=0.5', undefined],
    ['zstd', undefined],
    ['br, identity;q=0', 'br'],
    ['*;q=0', undefined],
    ['zstd, identity;q=0', undefined],
  ])('are chosen by Accept-Encoding: %j is %s', async (value, coding) => {
    const bytes = bytesAs(coding);
    const lines = value === undefined ? [] : accept(value);
    for (const method of ['GET', 'HEAD']) {
      const answer = await ask('/style.css', lines, method);
      expect(answer.status).toBe(200);
      expectForm(answer, coding);
      expect(answer.headers['content-length']).toBe(String(bytes.length));
      expect(answer.body).toEqual(method === 'GET' ? bytes : Buffer.alloc(0));
    }
  });

  it('decode to the file', async () => {
    expect(brotliDecompressSync((await ask('/style.css', accept('br'))).body)).toEqual(STYLE);
    expect(gunzipSync((await ask('/style.css', accept('gzip'))).body)).toEqual(STYLE);
  });

  it.each(FORMS)('have ranges and conditions of their own: %s', async (coding, bytes) => {
    const lines = accept(coding ?? 'identity');
    const range: HeaderLines = [...lines, ['Range', 'bytes=10-29']];
    const own = tagOf(bytes);
    const part = await ask('/style.css', range);
    expect([part.status, part.headers['content-range']]).toEqual([206, `bytes 10-29/${bytes.length}`]);
    expectForm(part, coding);
    expect(part.body).toEqual(bytes.subarray(10, 30));
    expect((await ask('/style.css', [...range, ['If-Range', own]])).status).toBe(206);
    expect((await ask('/style.css', [...range, ['If-Match', own]])).status).toBe(206);
    const parts = await ask('/style.css', [...lines, ['Range', 'bytes=0-1,10-11']]);
    expect([parts.status, parts.headers['content-encoding']]).toEqual([206, coding]);
    const beyond = await ask('/style.css', [...lines, ['Range', `bytes=${bytes.length}-`]]);
    expect([beyond.status, beyond.headers['content-range']]).toEqual([416, `bytes */${bytes.length}`]);
    expect(beyond.headers).not.toHaveProperty('content-encoding');
    const same = await ask('/style.css', [...lines, ['If-None-Match', own]]);
    expect(same.status).toBe(304);
    expectForm(same, coding);
    for (const [other, otherBytes] of FORMS.filter(([name]) => name !== coding)) {
      const tag = tagOf(otherBytes);
      const whole = await ask('/style.css', [...range, ['If-Range', tag]]);
      expect([other, whole.status]).toEqual([other, 200]);
      expectForm(whole, coding);
      expect(whole.body).toEqual(bytes);
      expect((await ask('/style.css', [...range, ['If-Match', tag]])).status).toBe(412);
      expect((await ask('/style.css', [...lines, ['If-None-Match', tag]])).status).toBe(200);
    }
  });

  it.each<[string, string, Coding]>([
    ['/plain.css', 'br, gzip', undefined],
    ['/only.css', 'br, gzip', 'gzip'],
    ['/only.css', 'br', undefined],
  ])('may be missing: %s with %s is %s', async (target, codings, coding) => {
    const answer = await ask(target, accept(codings));
    expectForm(answer, coding);
    expect(answer.body).toEqual(bytesAs(coding));
  });

  it('are files too, under their own names', async () => {
    const coded = await ask('/style.css.gz', accept('gzip'));
    expect(coded.headers).toMatchObject({ 'content-type': 'application/gzip', etag: tagOf(GZIP) });
    expect(coded.headers).not.toHaveProperty('content-encoding');
    expect(coded.body).toEqual(GZIP);
    const archive = await ask('/release.tar', accept('gzip'));
    expect(archive.headers).not.toHaveProperty('content-encoding');
    expect(archive.body).toEqual(STYLE);
  });

  it.each<[string, (name: string) => Promise<void>]>([
    ['the file has changed', (name) => project.put(name, STYLE.toString().replaceAll('black', 'white'))],
    ['they are another content', (name) => project.put(`${name}.br`, brotliCompressSync('something else'))],
    ['they are not compressed', (name) => project.put(`${name}.br`, 'body { color: red }')],
    ['they are cut off', (name) => project.put(`${name}.br`, BR.subarray(0, -3))],
    ['they are empty', (name) => project.put(`${name}.br`, '')],
    ['they are larger than the file', (name) => project.put(`${name}.br`, Buffer.concat([BR, STYLE]))],
    [
      'they swell beyond all measure',
      (name) => project.put(`${name}.br`, brotliCompressSync(Buffer.alloc(64 * 2 ** 20))),
    ],
  ])('are not sent when %s', async (_what, change) => {
    await project.put('stale.css', STYLE);
    await project.put('stale.css.br', BR);
    expect((await ask('/stale.css', accept('br'))).headers['content-encoding']).toBe('br');
    await change('stale.css');
    // Their times say that they are newer than the file.
    const later = new Date(Date.now() + 60_000);
    await utimes(project.at('stale.css.br'), later, later);
    const { headers, body } = await ask('/stale.css', accept('br'));
    expect(headers).not.toHaveProperty('content-encoding');
    expect(headers['vary']).toMatch(/\bAccept-Encoding\b/);
    expect(body).toHaveLength(STYLE.length);
  });

  it('are closed when they are not sent', async () => {
    // Larger than what is kept in memory, and not to be compressed.
    const noise = randomBytes(2 ** 20).toString('hex');
    await project.put('noise.css', noise);
    await project.put('noise.css.br', randomBytes(2 ** 20));
    expect((await ask('/noise.css', accept('br'))).body.toString()).toBe(noise);
    await project.put('noise.css.br', brotliCompressSync(noise));
    expect((await ask('/noise.css', accept('br'))).headers['content-encoding']).toBe('br');
  });

  it('are sent also when they are older than the file, but of its content', async () => {
    const past = new Date(Date.now() - 60 * 60 * 1000);
    await project.put('old.css', STYLE);
    await project.put('old.css.br', BR);
    await utimes(project.at('old.css.br'), past, past);
    expect((await stat(project.at('old.css.br'))).mtimeMs).toBeLessThan(Date.now() - 60_000);
    expect((await ask('/old.css', accept('br'))).body).toEqual(BR);
  });

  it('are looked at again when they change after having been remembered', async () => {
    const now = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 60_000);
    try {
      await project.put('kept.css', STYLE);
      await project.put('kept.css.br', BR);
      for (let turn = 0; turn < 2; turn += 1) {
        expect((await ask('/kept.css', accept('br'))).headers['content-encoding']).toBe('br');
      }
      await project.put('kept.css.br', brotliCompressSync('something else that is longer'));
      for (let turn = 0; turn < 2; turn += 1) {
        expect((await ask('/kept.css', accept('br'))).body).toEqual(STYLE);
      }
      await project.put('kept.css.br', BR);
      expect((await ask('/kept.css', accept('br'))).body).toEqual(BR);
    } finally {
      now.mockRestore();
    }
  });

  it.each([
    ['app.3f2a9c1b.js', true],
    ['app-3f2a9c1b.css', true],
    ['app.0123456789abcdef0123.js.map', true],
    ['app.js', false],
    ['app.min.js', false],
    ['report-20240115.css', false],
    ['open-deadbeef.css', false],
    ['app.3f2a9c1.js', false],
    ['3f2a9c1b', false],
  ])('%s is kept for good: %s', async (name, immutable) => {
    await project.put(name, STYLE);
    await project.put(`${name}.br`, BR);
    const expected = immutable ? 'public, max-age=31536000, immutable' : 'public, no-cache';
    for (const lines of [[], accept('br'), [['Range', 'bytes=0-4']]] as HeaderLines[]) {
      expect((await ask(`/${name}`, lines)).headers['cache-control']).toBe(expected);
    }
  });

  describe('of the API page', () => {
    const target = '/docs/assets/swagger-ui.css';

    it('are sent by the same rules', async () => {
      const whole = await ask(target);
      expect(whole.headers).toMatchObject({
        'accept-ranges': 'bytes',
        'cache-control': 'public, no-cache',
        'content-length': String(whole.body.length),
        'content-type': 'text/css; charset=utf-8',
        etag: tagOf(whole.body),
        'x-content-type-options': 'nosniff',
      });
      const part = await ask(target, [['Range', 'bytes=5-9']]);
      expect([part.status, part.body]).toEqual([206, whole.body.subarray(5, 10)]);
      expect((await ask(target, [['If-None-Match', tagOf(whole.body)]])).status).toBe(304);
      expect((await ask(target, [['If-Match', '"x"']])).status).toBe(412);
      expect((await ask(target, [], 'POST')).status).toBe(405);
      expect((await ask(target, [], 'OPTIONS')).headers['allow']).toBe('GET, HEAD, OPTIONS');
    });

    it('may lie in public', async () => {
      const { body } = await ask(target);
      await project.put(`${target}.gz`, gzipSync(body));
      const { headers, body: coded } = await ask(target, accept('gzip'));
      expect([headers['content-encoding'], headers['etag']]).toEqual(['gzip', tagOf(coded)]);
      expect(gunzipSync(coded)).toEqual(body);
    });
  });
});
