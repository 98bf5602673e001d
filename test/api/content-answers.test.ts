import request from 'supertest';
import { Browser } from '../support/browser';
import { API, makeFile, makeUser, type TestFile, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { onWire, type HeaderLines } from '../support/wire';

const ORIGIN = 'https://app.example.com';
const from = (lines: HeaderLines): HeaderLines => [['Origin', ORIGIN], ...lines];

describe('answers of content', () => {
  let ferry: Ferry;
  let user: TestUser;
  let file: TestFile;
  let E: string;

  beforeAll(async () => {
    ferry = await startFerry({ settings: { CORS_ORIGINS: ORIGIN } });
    user = await makeUser(ferry);
    file = await makeFile(ferry, user, { visibility: 'public' });
    E = `"${file.sha256}"`;
  });

  afterAll(() => ferry.stop());

  const namesIn = (value: string | undefined) => (value ?? '').toLowerCase().split(/,\s*/);

  it('let a page of another origin ask for ranges and conditions', async () => {
    const { status, headers } = await onWire(
      ferry,
      'OPTIONS',
      file.contentUrl,
      from([
        ['Access-Control-Request-Method', 'GET'],
        ['Access-Control-Request-Headers', 'authorization,if-match,if-range,range'],
      ]),
    );
    expect([status, headers['access-control-allow-origin']]).toEqual([204, ORIGIN]);
    expect(namesIn(headers['access-control-allow-methods'])).toEqual(expect.arrayContaining(['get', 'head']));
    expect(namesIn(headers['access-control-allow-headers'])).toEqual(
      expect.arrayContaining(['authorization', 'if-match', 'if-none-match', 'if-range', 'range']),
    );
  });

  it.each<[number, (etag: string) => HeaderLines]>([
    [200, () => []],
    [206, () => [['Range', 'bytes=0-4']]],
    [206, () => [['Range', 'bytes=0-4,9-10']]],
    [304, (etag) => [['If-None-Match', etag]]],
    [412, () => [['If-Match', '"x"']]],
    [416, () => [['Range', 'bytes=5000-']]],
  ])('show such a page what it goes on with: %i', async (status, lines) => {
    const answer = await onWire(ferry, 'GET', file.contentUrl, from(lines(E)));
    expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([status, ORIGIN]);
    expect(namesIn(answer.headers['access-control-expose-headers'])).toEqual(
      expect.arrayContaining([
        'accept-ranges',
        'content-disposition',
        'content-range',
        'etag',
        'repr-digest',
        'retry-after',
      ]),
    );
    expect(answer.headers['vary']).toMatch(/\bOrigin\b/);
  });

  it.each<[HeaderLines]>([
    [[]],
    [[['Range', 'bytes=0-4']]],
    [[['Range', 'bytes=5000-']]],
    [[['Range', 'bytes=0-1,4-5']]],
    [[['If-None-Match', '*']]],
    [[['If-Match', '*']]],
    [[['If-Match', '"x"']]],
    [[['If-Unmodified-Since', 'Sun, 06 Nov 1994 08:49:37 GMT']]],
    [[['If-Modified-Since', 'Sun, 06 Nov 2094 08:49:37 GMT']]],
    [
      [
        ['Range', 'bytes=0-4'],
        ['If-Range', '"x"'],
      ],
    ],
  ])('of a file that is not there are 404, with %j', async (lines) => {
    for (const target of [`${API}/files/${'0'.repeat(26)}/content`, '/nothing.bin']) {
      for (const method of ['GET', 'HEAD']) {
        const answer = await onWire(ferry, method, target, lines);
        expect([answer.status, answer.headers['cache-control']]).toEqual([404, 'no-store']);
        for (const name of ['etag', 'content-range']) expect(answer.headers).not.toHaveProperty(name);
      }
    }
  });

  it('that refuse are not kept: 403, 405, 412, 416', async () => {
    const browser = await Browser.signedIn(ferry, user);
    const forbidden = await browser.ask('delete', `${API}/files/${file.id}`, undefined, {
      'Sec-Fetch-Site': 'cross-site',
    });
    const get = () => request(ferry.url).get(file.contentUrl);
    const answers = [
      forbidden,
      await request(ferry.url).post(file.contentUrl).set('Range', 'bytes=0-4'),
      await get().set('If-Match', '"x"'),
      await get().set('Range', 'bytes=5000-'),
    ];
    expect(answers.map(({ status }) => status)).toEqual([403, 405, 412, 416]);
    for (const { headers } of answers) expect(headers['cache-control']).toBe('no-store');
  });
});
