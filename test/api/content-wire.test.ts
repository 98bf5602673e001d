import { makeFile, makeUser, type TestFile, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { requestHead, Wire, type HeaderLines, type WireAnswer } from '../support/wire';

const HOUR = 60 * 60 * 1000;

/** What an answer should be: `a-b` is a 206 of these bytes, a list of them is a multipart one. */
type Expected = 'whole' | 304 | 412 | 416 | `${number}-${number}` | `${number}-${number}`[];
type Row = [fields: HeaderLines, expected: Expected];

describe('the content over the wire', () => {
  const bytes = Buffer.from(Array.from({ length: 1000 }, (_, index) => (index * 7) % 256));
  let ferry: Ferry;
  let user: TestUser;
  let file: TestFile;
  let empty: TestFile;
  let etag: string;
  let lastModified: string;

  beforeAll(async () => {
    ferry = await startFerry({ now: () => new Date(Date.now() - HOUR) });
    user = await makeUser(ferry);
    file = await makeFile(ferry, user, { bytes, name: '内容.bin', visibility: 'public' });
    empty = await makeFile(ferry, user, { bytes: Buffer.alloc(0), visibility: 'public' });
    etag = `"${file.sha256}"`;
    lastModified = (await ask([])).headers['last-modified']!;
  });

  afterAll(() => ferry.stop());

  /** One request on a connection that ends with it, so that nothing beyond the answer goes unnoticed. */
  async function ask(
    lines: HeaderLines,
    method = 'GET',
    target = file.contentUrl,
    version = '1.1',
  ): Promise<WireAnswer> {
    const wire = await Wire.connect(ferry);
    const filled = lines.map(([name, value]): [string, string] => [name, fill(value)]);
    await wire.send(requestHead(method, target, [...filled, ['Connection', 'close']], version));
    const answer = await wire.answer(method);
    await wire.end();
    expect(wire.surplus).toHaveLength(0);
    wire.destroy();
    return answer;
  }

  /** `E`, `W/E` and dates of the file are known only once it is there. */
  function fill(value: string): string {
    const at = Date.parse(lastModified);
    return value
      .replaceAll('<E>', etag)
      .replaceAll('<L>', lastModified)
      .replaceAll('<L-1>', new Date(at - 1000).toUTCString())
      .replaceAll('<L+1>', new Date(at + 1000).toUTCString())
      .replaceAll('<asctime L>', asctime(new Date(at)));
  }

  const range = (value: string): HeaderLines => [['Range', value]];

  it.each<Row>([
    [[], 'whole'],
    [range('bytes=0-0'), '0-0'],
    [range('bytes=0-'), '0-999'],
    [range('bytes=-1'), '999-999'],
    [range('bytes=-5000'), '0-999'],
    [range('bytes=990-5000'), '990-999'],
    [range('BYTES=0-4'), '0-4'],
    [range('bytes= 0-4'), '0-4'],
    [range(`bytes=0-${'9'.repeat(23)}`), '0-999'],
    [range('bytes=-0'), 416],
    [range('bytes=1000-'), 416],
    [range('bytes=9007199254740993-'), 416],
    [range('bytes=5-2'), 'whole'],
    [range('bytes=abc'), 'whole'],
    [range('items=0-5'), 'whole'],
    [range('bytes=0-4,x'), 'whole'],
    [[...range('bytes=0-4'), ...range('bytes=5-9')], 'whole'],
    [range('bytes=0-4,5-9'), '0-9'],
    [range('bytes=0-9,5-14'), '0-14'],
    [range('bytes=0-1,2000-'), '0-1'],
    [range('bytes=2000-,3000-'), 416],
    [range('bytes=0-1,500-501'), ['0-1', '500-501']],
    [range('bytes=0-0,-1'), ['0-0', '999-999']],
    [range('bytes=500-509,0-9'), ['500-509', '0-9']],
    [range(`bytes=${Array.from({ length: 300 }, (_, i) => `${i * 3}-${i * 3}`).join()}`), 'whole'],
    [[...range('bytes=0-4'), ['If-Range', '<E>']], '0-4'],
    [[...range('bytes=0-4'), ['If-Range', '<L>']], '0-4'],
    [[...range('bytes=0-4'), ['If-Range', '<asctime L>']], '0-4'],
    [[...range('bytes=0-4'), ['If-Range', 'W/<E>']], 'whole'],
    [[...range('bytes=0-4'), ['If-Range', '"another"']], 'whole'],
    [[...range('bytes=0-4'), ['If-Range', '<L-1>']], 'whole'],
    [[...range('bytes=0-4'), ['If-Range', '<L+1>']], 'whole'],
    [[...range('bytes=0-4'), ['If-Range', '<E>'], ['If-Range', '<E>']], 'whole'],
    [[...range('bytes=2000-'), ['If-Range', '<E>']], 416],
    [[...range('bytes=2000-'), ['If-Range', '"another"']], 'whole'],
    [[['If-None-Match', '<E>']], 304],
    [[['If-None-Match', 'W/<E>']], 304],
    [[['If-None-Match', '*']], 304],
    [[['If-None-Match', '"a", <E>'], ...range('bytes=0-4')], 304],
    [
      [
        ['If-None-Match', '"zz"'],
        ['If-Modified-Since', '<L>'],
      ],
      'whole',
    ],
    [[['If-Modified-Since', '<L>'], ...range('bytes=0-4')], 304],
    [[['If-Modified-Since', '<L-1>']], 'whole'],
    [[['If-Modified-Since', 'yesterday']], 'whole'],
    [
      [
        ['If-Modified-Since', '<L>'],
        ['If-Modified-Since', '<L>'],
      ],
      'whole',
    ],
    [[['If-Match', '<E>'], ...range('bytes=0-4')], '0-4'],
    [[['If-Match', '*'], ...range('bytes=0-4')], '0-4'],
    [[['If-Match', 'W/<E>'], ...range('bytes=0-4')], 412],
    [[['If-Match', '"another"'], ...range('bytes=2000-')], 412],
    [[['If-Match', '<E>'], ['If-Unmodified-Since', '<L-1>'], ...range('bytes=0-4')], '0-4'],
    [[['If-Unmodified-Since', '<L>'], ...range('bytes=0-4')], '0-4'],
    [[['If-Unmodified-Since', '<L-1>'], ...range('bytes=0-4')], 412],
    [[['If-Unmodified-Since', 'tomorrow'], ...range('bytes=0-4')], '0-4'],
  ])('%j is answered with %j, and to HEAD without the range', async (lines, expected) => {
    const answer = await ask(lines);
    await check(answer, expected);
    const whole = expected === 304 || expected === 412 ? expected : 'whole';
    const head = await ask(lines, 'HEAD');
    expect(head.status).toBe(whole === 'whole' ? 200 : whole);
    expect(head.body).toHaveLength(0);
    if (whole === 'whole') {
      expect(head.headers['content-length']).toBe('1000');
      expect(head.headers).not.toHaveProperty('content-range');
    }
  });

  async function check(answer: WireAnswer, expected: Expected): Promise<void> {
    if (expected === 412 || expected === 416) {
      expectRefusal(answer, expected);
      return;
    }
    const whole = (await ask([])).headers;
    for (const name of ['etag', 'cache-control', 'vary']) expect(answer.headers[name]).toBe(whole[name]);
    if (expected === 304) {
      expect([answer.status, answer.body.length]).toEqual([304, 0]);
      for (const name of ['content-type', 'content-length', 'content-range']) {
        expect(answer.headers).not.toHaveProperty(name);
      }
      return;
    }
    const representation = ['last-modified', 'accept-ranges', 'content-disposition', 'repr-digest'];
    const safety = ['x-content-type-options', 'content-security-policy'];
    for (const name of [...representation, ...safety]) expect(answer.headers[name]).toBe(whole[name]);
    expect(answer.headers).not.toHaveProperty('content-encoding');
    expect(answer.headers).not.toHaveProperty('transfer-encoding');
    if (Array.isArray(expected)) {
      expectParts(answer, expected);
      return;
    }
    const [first = 0, last = 0] = expected === 'whole' ? [0, 999] : expected.split('-').map(Number);
    expect(answer.status).toBe(expected === 'whole' ? 200 : 206);
    expect(answer.headers['content-range']).toBe(expected === 'whole' ? undefined : `bytes ${expected}/1000`);
    expect(answer.headers['content-type']).toBe('application/octet-stream');
    expect(answer.headers['content-length']).toBe(String(last + 1 - first));
    expect(answer.body).toEqual(bytes.subarray(first, last + 1));
  }

  function expectRefusal({ status, headers, body }: WireAnswer, expected: 412 | 416): void {
    expect(status).toBe(expected);
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(headers['content-range']).toBe(expected === 416 ? 'bytes */1000' : undefined);
    for (const name of ['etag', 'last-modified', 'content-disposition', 'repr-digest']) {
      expect(headers).not.toHaveProperty(name);
    }
    const code = expected === 416 ? 'range_not_satisfiable' : 'precondition_failed';
    expect(JSON.parse(body.toString())).toMatchObject({ status: expected, code });
  }

  function expectParts({ status, headers, body }: WireAnswer, ranges: string[]): void {
    const boundary = /^multipart\/byteranges; boundary=([\w-]{1,70})$/.exec(headers['content-type']!)?.[1];
    const parts = ranges.flatMap((text, index) => {
      const [first = 0, last = 0] = text.split('-').map(Number);
      const delimiter = `${index === 0 ? '' : '\r\n'}--${boundary}\r\n`;
      const head = `Content-Type: application/octet-stream\r\nContent-Range: bytes ${text}/1000\r\n\r\n`;
      return [Buffer.from(delimiter + head), bytes.subarray(first, last + 1)];
    });
    expect([status, headers['content-range']]).toEqual([206, undefined]);
    expect(body.toString('latin1')).toBe(
      Buffer.concat([...parts, Buffer.from(`\r\n--${boundary}--\r\n`)]).toString('latin1'),
    );
    expect(headers['content-length']).toBe(String(body.length));
  }

  it.each(['bytes=0-', 'bytes=-5', 'bytes=5-'])('of nothing, asked for %s, is nothing', async (value) => {
    const answer = await ask(range(value), 'GET', empty.contentUrl);
    expect([answer.status, answer.headers['content-length'], answer.body.length]).toEqual([200, '0', 0]);
  });

  it('is not there for those who may not read it, whatever they ask', async () => {
    const own = await makeFile(ferry, user);
    for (const lines of [
      [],
      range('bytes=0-4'),
      range('bytes=5000-'),
      [['If-Match', '"x"']],
    ] as HeaderLines[]) {
      expect((await ask(lines, 'GET', own.contentUrl)).status).toBe(404);
      expect((await ask([['If-None-Match', '*'], ...lines], 'HEAD', own.contentUrl)).status).toBe(404);
    }
  });

  it('is not asked for by a header that is too large, or has a control byte in it', async () => {
    expect((await ask(range(`bytes=${'0-1,'.repeat(5000)}0-1`))).status).toBe(431);
    expect((await ask(range('bytes=0-\x014'))).status).toBe(400);
  });

  it('takes no POST', async () => {
    const answer = await ask([...range('bytes=0-4'), ['Content-Length', '0']], 'POST');
    expect([answer.status, answer.headers['allow']]).toEqual([
      405,
      expect.stringMatching(/\bGET\b.*/) as string,
    ]);
  });

  it('comes in order when twenty ranges are asked for at once', async () => {
    const wire = await Wire.connect(ferry);
    const ranges = Array.from({ length: 20 }, (_, i) => [(i * 331) % 900, ((i * 331) % 900) + i] as const);
    await wire.send(
      ranges
        .map(([first, last]) => requestHead('GET', file.contentUrl, range(`bytes=${first}-${last}`)))
        .join(''),
    );
    for (const [first, last] of ranges) {
      const answer = await wire.answer();
      expect([answer.status, answer.headers['content-range']]).toEqual([206, `bytes ${first}-${last}/1000`]);
      expect(answer.body).toEqual(bytes.subarray(first, last + 1));
    }
    expect(wire.surplus).toHaveLength(0);
    wire.destroy();
  });

  it('leaves the connection to the next request, whatever the answer was', async () => {
    const wire = await Wire.connect(ferry);
    const rows: [string, HeaderLines, number][] = [
      ['GET', range('bytes=0-0,-1'), 206],
      ['HEAD', [], 200],
      ['GET', [['If-None-Match', etag]], 304],
      ['GET', range('bytes=1000-'), 416],
      ['GET', [['If-Match', '"x"']], 412],
      ['GET', [], 200],
    ];
    for (const [method, lines, status] of rows) {
      await wire.send(requestHead(method, file.contentUrl, lines));
      expect((await wire.answer(method)).status).toBe(status);
    }
    wire.destroy();
  });

  it('goes to clients of HTTP/1.0, ranges included', async () => {
    const part = await ask(range('bytes=5-9'), 'GET', file.contentUrl, '1.0');
    expect([part.status, part.headers['content-range']]).toEqual([206, 'bytes 5-9/1000']);
    expect(part.body).toEqual(bytes.subarray(5, 10));
    expect((await ask([], 'GET', file.contentUrl, '1.0')).body).toEqual(bytes);
  });
});

/** The oldest of the three date formats (RFC 9110 §5.6.7): `Sun Nov  6 08:49:37 1994`. */
function asctime(date: Date): string {
  const [day = '', number = '', month = '', year = '', time = ''] = date
    .toUTCString()
    .replace(',', '')
    .split(' ');
  return `${day} ${month} ${String(Number(number)).padStart(2)} ${time} ${year}`;
}
