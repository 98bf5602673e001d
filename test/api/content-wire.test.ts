import { makeFile, makeUser, type TestFile, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { contentRows, fillRow, type Expected } from '../support/content-rows';
import { requestHead, Wire, type HeaderLines, type WireAnswer } from '../support/wire';

const HOUR = 60 * 60 * 1000;

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
    const filled = fillRow(lines, { etag, lastModified });
    await wire.send(requestHead(method, target, [...filled, ['Connection', 'close']], version));
    const answer = await wire.answer(method);
    await wire.end();
    expect(wire.surplus).toHaveLength(0);
    wire.destroy();
    return answer;
  }

  const range = (value: string): HeaderLines => [['Range', value]];

  it.each(contentRows)('%j is answered with %j, and to HEAD without the range', async (lines, expected) => {
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
