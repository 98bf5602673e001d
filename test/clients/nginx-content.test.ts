import { ask, BehindNginx, ORIGIN } from '../support/behind-nginx';
import { contentRows, fillRow } from '../support/content-rows';
import { makeFile, makeUser, type TestFile, type TestUser } from '../support/factories';
import type { Ferry } from '../support/ferry';
import type { Nginx } from '../support/nginx';
import { requestHead, Wire, type HeaderLines } from '../support/wire';

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

describe('content through nginx is what Ferry would send itself', () => {
  const bytes = Buffer.from(Array.from({ length: 1000 }, (_, index) => (index * 7) % 256));
  let file: TestFile;
  let target: string;
  let validators: { etag: string; lastModified: string };

  beforeAll(async () => {
    file = await makeFile(ferry, user, { bytes, name: '内容.bin', visibility: 'public' });
    target = file.contentUrl;
    const { headers } = await ask(ferry, { target });
    validators = { etag: headers['etag']!, lastModified: headers['last-modified']! };
  });

  const repeatsField = (lines: HeaderLines) =>
    lines.some(([name], index) => name.startsWith('If-') && lines.findIndex(([n]) => n === name) < index);

  it.each(contentRows.filter(([lines]) => !repeatsField(lines)))('for %j', async (fields) => {
    const lines = fillRow(fields, validators);
    await behind.ask({ target, lines });
    await behind.ask({ target, lines, method: 'HEAD' });
  });

  it.each(contentRows.filter(([lines]) => repeatsField(lines)))(
    'but for %j, which nginx refuses',
    async (fields) => {
      expect((await ask(nginx, { target, lines: fillRow(fields, validators) })).status).toBe(400);
    },
  );

  it.each<[HeaderLines]>([
    [[]],
    [range('bytes=0-0')],
    [range('bytes=0-')],
    [range('bytes=-1')],
    [range('bytes=-5000')],
    [range('bytes=990-5000')],
    [range('bytes=000-004')],
    [[...range('bytes=0-4'), ['If-Range', '<E>']]],
    [[...range('bytes=0-4'), ['If-Range', '<L>']]],
    [[['If-Range', '"another"']]],
    [
      [
        ['Want-Digest', 'sha-256'],
        ['Accept-Encoding', 'gzip'],
        ['Origin', ORIGIN],
      ],
    ],
  ])('and nginx sends the bytes for %j', async (fields) => {
    const { answer, sender } = await behind.ask({ target, lines: fillRow(fields, validators) });
    expect([sender, answer.headers['etag']]).toEqual(['nginx', validators.etag]);
  });

  it.each<[HeaderLines]>([
    [range('bytes=5-2')],
    [range('bytes=0-1,500-501')],
    [[...range('bytes=0-4'), ['If-Range', '"another"']]],
    [[...range('bytes=0-4'), ['If-Match', '<E>']]],
    [[...range('bytes=0-4'), ['If-Match', '<E>'], ['If-Unmodified-Since', '<L>']]],
    [[['If-None-Match', '"another"']]],
    [[['If-Modified-Since', '<L-1>']]],
  ])('and Ferry sends the bytes for %j', async (fields) => {
    const { sender } = await behind.ask({ target, lines: fillRow(fields, validators) });
    expect(sender).toBe('Ferry');
  });

  it.each([
    ['text/plain', 'a"b\\c;d.txt'],
    ['text/html', '😀.html'],
    ['text/plain; charset=gbk', "it's(1)*.txt"],
    ['image/svg+xml', '\u202e.svg'],
    ['video/mp4', '100%.mp4'],
  ])('of type %s, called %j', async (type, name) => {
    const { contentUrl } = await makeFile(ferry, user, { type, name, bytes: Buffer.alloc(50_000, 'a') });
    for (const path of [contentUrl, `${contentUrl}?download`]) {
      const { sender } = await behind.ask({ target: path, lines: signed() });
      expect(sender).toBe('nginx');
    }
    await behind.ask({ target: contentUrl, lines: [...signed(), ...range('bytes=5-9')] });
  });

  it('of nothing', async () => {
    const { contentUrl } = await makeFile(ferry, user, { bytes: Buffer.alloc(0), visibility: 'public' });
    for (const lines of [[], range('bytes=0-'), range('bytes=-5'), range('bytes=5-')]) {
      const { answer } = await behind.ask({ target: contentUrl, lines });
      expect([answer.status, answer.headers['content-length']]).toEqual([200, '0']);
    }
  });

  it('to clients of HTTP/1.0', async () => {
    for (const lines of [[], range('bytes=5-9')]) {
      const { sender } = await behind.ask({ target, lines, version: '1.0' });
      expect(sender).toBe('nginx');
    }
  });

  it('when many ranges are asked for on one connection', async () => {
    const wire = await Wire.connect(nginx);
    const starts = Array.from({ length: 20 }, (_, i) => (i * 331) % 900);
    await wire.send(starts.map((i) => requestHead('GET', target, range(`bytes=${i}-${i + 9}`))).join(''));
    for (const start of starts) {
      const { status, body } = await wire.answer();
      expect([status, body]).toEqual([206, bytes.subarray(start, start + 10)]);
    }
    wire.destroy();
  });

  it('when headers are too large for it, or malformed', async () => {
    const tooLarge = range(`bytes=${'0-1,'.repeat(5000)}0-1`);
    expect((await ask(nginx, { target, lines: tooLarge })).status).toBe(431);
    expect((await ask(nginx, { target, lines: range('bytes=0-\x014') })).status).toBe(400);
  });
});
