import request from 'supertest';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { API, makeUser, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { expectProblem } from '../support/problems';
import { codedChunk, onWire, requestHead, Wire, type HeaderLines } from '../support/wire';

const LOGIN = `${API}/auth/login`;
const JSON_TYPE: [string, string] = ['Content-Type', 'application/json'];

let ferry: Ferry;
let user: TestUser;

beforeAll(async () => {
  ferry = await startFerry();
  user = await makeUser(ferry);
});

afterAll(() => ferry.stop());

/** POST of these very bytes. */
async function post(body: string | Buffer, lines: HeaderLines = [JSON_TYPE], path = LOGIN) {
  const bytes = Buffer.from(body);
  const length: [string, string] = ['Content-Length', String(bytes.length)];
  const answer = await onWire(ferry, 'POST', path, [...lines, length], bytes);
  return { status: answer.status, headers: answer.headers, text: answer.body.toString() };
}

const credentials = () => JSON.stringify({ username: user.username, password: user.password });
const nested = (levels: number) => `${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`;

describe('a JSON body', () => {
  it.each([
    ['application/json'],
    ['application/json; charset=utf-8'],
    ['APPLICATION/JSON'],
    ['application/json;charset=UTF-8'],
  ])('is taken as %s', async (type) => {
    expect((await post(credentials(), [['Content-Type', type]])).status).toBe(200);
  });

  it('is taken in pieces', async () => {
    const bytes = Buffer.from(credentials());
    const wire = await Wire.connect(ferry);
    await wire.send(requestHead('POST', LOGIN, [JSON_TYPE, ['Transfer-Encoding', 'chunked']]));
    for (let i = 0; i < bytes.length; i += 7) await wire.send(codedChunk(bytes.subarray(i, i + 7)));
    await wire.send(codedChunk(Buffer.alloc(0)));
    expect((await wire.answer()).status).toBe(200);
    wire.destroy();
  });

  it.each([
    ['text/plain'],
    ['text/plain; application/json'],
    ['application/x-www-form-urlencoded'],
    ['multipart/form-data; boundary=x'],
    ['application/jsonx'],
    ['application/vnd.api+json'],
    ['json'],
    [''],
  ])('is 415 as %j', async (type) => {
    expectProblem(await post(credentials(), [['Content-Type', type]]), 415, 'unsupported_media_type');
  });

  it('is 415 without a type', async () => {
    expectProblem(await post(credentials(), []), 415, 'unsupported_media_type');
  });

  it.each<[string, string | Buffer]>([
    ['cut off', '{"username": "a", "passw'],
    ['a comma too many', '{"username": "a",}'],
    ['two values', '{} {}'],
    ['single quotes', "{'username': 'a'}"],
    ['a control character in a string', '{"username": "a\nb"}'],
    ['only blanks', '   '],
    ['NaN', 'NaN'],
    ['a form', 'username=a&password=b'],
    ['control characters', Buffer.from([0, 1, 2])],
  ])('that is broken is 400: %s', async (_, body) => {
    expect(expectProblem(await post(body), 400, 'invalid_request').detail).toBe(
      'The body is not valid JSON.',
    );
  });

  it.each<[string, number[]]>([
    ['a byte that begins nothing', [0xff]],
    ['a character cut off', [0xe6, 0xb8]],
    ['a character cut off before the end of the string', [0xf0, 0x9f, 0x98]],
    ['a byte of another encoding', [0xe9]],
    ['a longer form than needed', [0xc0, 0xaf]],
    ['half of a pair of surrogates', [0xed, 0xa0, 0x80]],
    ['more than Unicode has', [0xf5, 0x80, 0x80, 0x80]],
  ])('that is no UTF-8 is 400, whatever is asked for: %s', async (_, broken) => {
    const rest = `","password":${JSON.stringify(user.password)}}`;
    const body = Buffer.concat([
      Buffer.from(`{"username":"${user.username}`),
      Buffer.from(broken),
      Buffer.from(rest),
    ]);
    const authorized: HeaderLines = [JSON_TYPE, ['Authorization', user.auth.Authorization]];
    for (const path of ['auth/login', 'auth/register', 'documents', 'uploads', 'archives', 'preferences']) {
      const answer = await post(body, authorized, `${API}/${path}`);
      expect(expectProblem(answer, 400, 'invalid_request').detail).toBe('The body is not valid UTF-8.');
    }
    const compressed = await post(gzipSync(body), [JSON_TYPE, ['Content-Encoding', 'gzip']]);
    expectProblem(compressed, 400, 'invalid_request');
  });

  it('may have any character, also the one that stands for broken ones', async () => {
    const title = '\u{fffd} 渡口 \u{1f6f6} é';
    const authorized: HeaderLines = [JSON_TYPE, ['Authorization', user.auth.Authorization]];
    const answer = await post(JSON.stringify({ title, body: '' }), authorized, `${API}/documents`);
    expect(answer.status).toBe(201);
    expect(JSON.parse(answer.text)).toMatchObject({ title });
  });

  it.each([['null'], ['[]'], ['1'], ['true'], ['"text"'], ['[{"username":"a","password":"b"}]']])(
    'that is no object is 400: %s',
    async (body) => {
      expectProblem(await post(body), 400, 'invalid_request');
    },
  );

  it('that is missing is 400', async () => {
    expectProblem(await post(''), 400, 'invalid_request');
    expectProblem(await request(ferry.url).post(LOGIN), 400, 'invalid_request');
  });

  it.each([
    ['__proto__', '{"username":"a","password":"b","__proto__":{"isAdmin":true}}'],
    ['an escaped __proto__', '{"username":"a","password":"b","\\u005f_proto__":{"isAdmin":true}}'],
    ['a nested __proto__', '{"username":{"x":[{"__proto__":{"isAdmin":true}}]},"password":"b"}'],
    ['constructor.prototype', '{"username":"a","password":"b","constructor":{"prototype":{"isAdmin":true}}}'],
    ['prototype', '{"username":"a","password":"b","prototype":{}}'],
  ])('poisons nothing by %s', async (_, body) => {
    expectProblem(await post(body), 400, 'invalid_request');
    expect({}).not.toHaveProperty('isAdmin');
  });

  it.each([
    ['an unknown field', { role: 'admin' }, 'role'],
    ['an operator', { $where: '1' }, '$where'],
    ['a dotted key', { 'password.length': 0 }, 'password.length'],
    ['an empty key', { '': 0 }, ''],
  ])('with %s is 400 and names it', async (_, more, path) => {
    const body = JSON.stringify({ username: 'a', password: 'b', ...more });
    const { errors } = expectProblem(await post(body), 400, 'invalid_request');
    expect(errors).toEqual([{ path, message: 'is not a known field' }]);
  });

  it('names every field that is wrong', async () => {
    const { errors } = expectProblem(await post('{"username":1,"more":2}'), 400, 'invalid_request');
    expect(errors?.map((error) => error.path).sort()).toEqual(['more', 'password', 'username']);
  });

  it('with a flood of unknown fields gets a short answer, and a short line in the log', async () => {
    ferry.logged.length = 0;
    const fields = Array.from({ length: 50_000 }, (_, i) => [
      `field ${i} ${'x'.repeat(i < 10 ? 20_000 : 0)}`,
      1,
    ]);
    const answer = await post(JSON.stringify(Object.fromEntries(fields)));
    expect(expectProblem(answer, 400, 'invalid_request').errors).toHaveLength(20);
    expect(answer.text.length).toBeLessThan(10_000);
    for (const line of ferry.logged) expect(JSON.stringify(line).length).toBeLessThan(10_000);
  });

  it('may be 32 levels deep, and no deeper', async () => {
    const detail = async (levels: number) =>
      expectProblem(await post(nested(levels)), 400, 'invalid_request').detail;
    expect(await detail(32)).toMatch(/^username: /);
    for (const levels of [33, 5000, 100_000]) expect(await detail(levels)).toMatch(/at most 32 levels/);
    expectProblem(await post('['.repeat(500_000) + ']'.repeat(500_000)), 400, 'invalid_request');
  });

  it('may have 1 MiB, and no more', async () => {
    const sized = (bytes: number) => `{"username":"${'x'.repeat(bytes - 15)}"}`;
    expectProblem(await post(sized(1024 * 1024)), 400, 'invalid_request');
    expectProblem(await post(sized(1024 * 1024 + 1)), 413, 'too_large');
    expectProblem(await post(sized(2_000_000)), 413, 'too_large');
  });

  it('of unknown length is cut at 1 MiB', async () => {
    const wire = await Wire.connect(ferry);
    await wire.send(requestHead('POST', LOGIN, [JSON_TYPE, ['Transfer-Encoding', 'chunked']]));
    await wire.send(codedChunk(Buffer.alloc(2_000_000, ' ')));
    expect((await wire.answer()).status).toBe(413);
    wire.destroy();
  });

  it('may be as large as JSON_BODY_BYTES says', async () => {
    const small = await startFerry({ settings: { JSON_BODY_BYTES: '1KiB' } });
    try {
      const body = JSON.stringify({ username: 'x'.repeat(1024), password: 'x' });
      expectProblem(await request(small.url).post(LOGIN).type('json').send(body), 413, 'too_large');
    } finally {
      await small.stop();
    }
  });
});

describe('a compressed JSON body', () => {
  const coded = (coding: string, body: Buffer | string) =>
    post(body, [JSON_TYPE, ['Content-Encoding', coding]]);

  it.each<[string, (text: string) => Buffer]>([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['identity', (text) => Buffer.from(text)],
  ])('is taken as %s', async (coding, compress) => {
    expect((await coded(coding, compress(credentials()))).status).toBe(200);
  });

  it.each([['zip'], ['zstd'], ['gzip, gzip'], ['__proto__'], ['x']])('is 415 as %s', async (coding) => {
    expectProblem(await coded(coding, credentials()), 415, 'unsupported_media_type');
  });

  it.each<[string, Buffer, string]>([
    ['gzip', Buffer.from('no gzip at all'), 'garbage'],
    ['deflate', Buffer.from('no zlib at all'), 'garbage'],
    ['br', Buffer.from('no brotli at all'), 'garbage'],
    ['gzip', gzipSync('{"username":"somebody","password":"something"}').subarray(0, 20), 'cut off'],
    ['br', brotliCompressSync('{"username":"somebody","password":"something"}').subarray(0, 20), 'cut off'],
    ['gzip', Buffer.concat([gzipSync('{"username"').subarray(0, -8), Buffer.alloc(8)]), 'a wrong sum'],
  ])('that cannot be unpacked is 400: %s, %s %s', async (coding, body) => {
    expectProblem(await coded(coding, body), 400, 'invalid_request');
  });

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('that is a bomb is 413: %s', async (coding, compress) => {
    const bomb = compress(Buffer.alloc(50_000_000, ' '));
    expect(bomb.length).toBeLessThan(60_000);
    expectProblem(await coded(coding, bomb), 413, 'too_large');
  });
});

describe('a query', () => {
  it.each([
    ['an unknown key', 'more=1'],
    ['a repeated key', 'limit=1&limit=2'],
    ['a key in brackets', 'limit[$ne]=1'],
    ['a list in brackets', 'limit[]=1'],
    ['an operator', '$where=1'],
    ['a dotted key', 'limit.x=1'],
    ['__proto__', '__proto__=1'],
    ['constructor', 'constructor=1'],
    ['a token', 'access_token=1'],
    ['a limit of 0', 'limit=0'],
    ['a limit of 101', 'limit=101'],
    ['a limit that is no number', 'limit=ten'],
    ['a limit in another notation', 'limit=1e1'],
    ['a limit with a sign', 'limit=%2B5'],
    ['a limit with a blank', 'limit=%205'],
    ['an empty limit', 'limit='],
    ['a cursor that is none', 'cursor=..%2F..%2F'],
  ])('with %s is 400', async (_, query) => {
    const answer = await request(ferry.url).get(`${API}/files?${query}`).set(user.auth);
    const problem = expectProblem(answer, 400, 'invalid_request');
    expect(problem.errors?.[0]?.path).toMatch(/^query\./);
  });

  it.each(['', 'limit=1', 'limit=100', 'pretty', 'q=%24ne', 'q=%27%20OR%201%3D1'])(
    'of %j is fine',
    async (query) => {
      await request(ferry.url).get(`${API}/files?${query}`).set(user.auth).expect(200);
    },
  );
});

it('none of this was a fault of ours', () => {
  expect(ferry.logged.filter(({ level }) => Number(level) >= 50)).toEqual([]);
});
