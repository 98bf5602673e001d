import request from 'supertest';
import { Unavailable, type FerryError } from '../../src/errors';
import { messages } from '../../src/locales';
import type { FileRecord } from '../../src/models/sql';
import { until } from '../contract/until';
import { API, makeFile, makeUser, type TestUser } from '../support/factories';
import { override, withBlobs } from '../support/faults';
import { startFerry, type Ferry } from '../support/ferry';
import { expectProblem } from '../support/problems';
import { requestHead, Wire } from '../support/wire';

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8';
const SECRET = 'SELECT secret FROM /home/ferry/vault';
const ME = `${API}/users/me`;

let ferry: Ferry;
let user: TestUser;
/** What the app's `error` event told. */
let emitted: FerryError[];
/** Set to make reading of content fail after its first piece. */
let breakReading = false;

beforeAll(async () => {
  ferry = await startFerry({
    wrapStores: withBlobs((blobs) => ({
      async openBlob(sha256) {
        const reader = await blobs.openBlob(sha256);
        return override(reader, {
          async *read(start, end) {
            for await (const piece of reader.read(start, end)) {
              yield piece;
              if (breakReading) throw new Error(SECRET);
            }
          },
        });
      },
    })),
  });
  ferry.app.on('error', (error: FerryError) => emitted.push(error));
  user = await makeUser(ferry);
});

beforeEach(() => {
  emitted = [];
  breakReading = false;
  ferry.logged.length = 0;
});

afterEach(() => {
  jest.restoreAllMocks();
});

afterAll(() => ferry.stop());

/** Makes the service behind GET /users/me fail once. */
const fail = (thrown: unknown) => jest.spyOn(ferry.services.accounts, 'find').mockRejectedValueOnce(thrown);
const getMe = () => request(ferry.url).get(ME).set(user.auth);
const failures = () => ferry.logged.filter(({ level }) => Number(level) >= 50);

describe('an unknown fault', () => {
  const withCode = (message: string, code: string) => Object.assign(new Error(message), { code });

  it.each<[string, unknown]>([
    ['an Error', new TypeError(SECRET)],
    ['an Error with a cause', new Error(SECRET, { cause: new Error(SECRET) })],
    ['an Error of the system', withCode(`ENOENT: no such file, open '${SECRET}'`, 'ENOENT')],
    ['an Error with a status of success', Object.assign(new Error(SECRET), { status: 200, expose: true })],
    ['an Error with a status of ours', Object.assign(new Error(SECRET), { status: 500, expose: true })],
    ['an Error with a strange status', Object.assign(new Error(SECRET), { status: 'teapot' })],
    ['an Error with headers', Object.assign(new Error(SECRET), { headers: { 'X-Secret': SECRET } })],
    ['a string', SECRET],
    ['an object with a status', { status: 404, message: SECRET }],
    ['null', null],
    ['undefined', undefined],
  ])('is a masked 500: %s', async (_, thrown) => {
    fail(thrown);
    const answer = await getMe();
    const { requestId } = expectProblem(answer, 500, 'internal');
    expect(answer.body).toEqual({
      type: 'about:blank',
      title: 'Something went wrong on our side',
      status: 500,
      detail: 'The request id helps to find the cause in the log.',
      code: 'internal',
      requestId,
    });
    expect(JSON.stringify(answer.headers)).not.toContain(SECRET);
    expect(emitted.map(({ code }) => code)).toEqual(['internal']);
    expect(failures()).toEqual([
      expect.objectContaining({ requestId, method: 'GET', path: ME, msg: 'failed' }),
    ]);
  });

  it('is logged with its cause', async () => {
    fail(new TypeError(SECRET));
    await getMe().expect(500);
    expect(failures()).toMatchObject([
      { err: { type: 'TypeError', message: SECRET, stack: expect.any(String) as string } },
    ]);
  });

  it('leaves nothing of the answer that it replaces', async () => {
    const { etag = '' } = (await getMe()).headers as { etag?: string };
    fail(new Error(SECRET));
    const answer = await getMe().set('If-None-Match', etag).set('Accept-Encoding', 'gzip');
    expectProblem(answer, 500, 'internal');
    for (const name of ['etag', 'last-modified', 'content-encoding', 'location'])
      expect(answer.headers).not.toHaveProperty(name);
  });
});

describe('an error that other code made', () => {
  it.each([
    [400, 'invalid_request'],
    [403, 'forbidden'],
    [404, 'not_found'],
    [413, 'too_large'],
    [415, 'unsupported_media_type'],
    [501, 'not_implemented'],
  ])('with status %i is %s', async (status, code) => {
    fail(Object.assign(new Error('what it says'), { status, expose: true }));
    expect(expectProblem(await getMe(), status, code).detail).toBe('what it says');
    expect(emitted).toHaveLength(1);
  });

  it('does not say what it wants to keep to itself', async () => {
    fail(Object.assign(new Error(SECRET), { status: 400, expose: false }));
    expect(expectProblem(await getMe(), 400, 'invalid_request').detail).toBe(
      'The request could not be read.',
    );
  });
});

describe('a store that is down', () => {
  it('is 503 with Retry-After, and says nothing of the store', async () => {
    fail(new Unavailable('The database does not answer.', new Error(SECRET)));
    const answer = await getMe();
    expectProblem(answer, 503, 'unavailable');
    expect(answer.headers['retry-after']).toBe('5');
    expect(answer.text).not.toContain(SECRET);
    expect(failures()).toMatchObject([{ err: { message: SECRET } }]);
  });
});

describe('an error of the caller', () => {
  it('is emitted once, and logged as refused', async () => {
    expectProblem(await request(ferry.url).get('/nothing'), 404, 'not_found');
    expect(emitted.map(({ code }) => code)).toEqual(['not_found']);
    expect(failures()).toEqual([]);
    expect(ferry.logged).toContainEqual(
      expect.objectContaining({ level: 30, code: 'not_found', path: '/nothing', msg: 'refused' }),
    );
  });
});

describe('what an error looks like', () => {
  it.each([
    ['a browser', BROWSER, 'text/html; charset=utf-8'],
    ['text/html', 'text/html', 'text/html; charset=utf-8'],
    ['a wish for HTML before JSON', 'application/json;q=0.5, text/html', 'text/html; charset=utf-8'],
    ['JSON', 'application/json', 'application/problem+json; charset=utf-8'],
    ['problem+json', 'application/problem+json', 'application/problem+json; charset=utf-8'],
    [
      'a wish for JSON before HTML',
      'text/html;q=0.5, application/json',
      'application/problem+json; charset=utf-8',
    ],
    ['anything', '*/*', 'application/problem+json; charset=utf-8'],
    ['images', 'image/*', 'application/problem+json; charset=utf-8'],
    ['garbage', ';;,q', 'application/problem+json; charset=utf-8'],
  ])('to %s', async (_, accept, type) => {
    const answer = await request(ferry.url).get('/nothing').set('Accept', accept).expect(404);
    expect(answer.headers['content-type']).toBe(type);
    expect(answer.headers.vary).toMatch(/\bAccept\b/);
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  it.each([
    ['en', messages.en],
    ['zh-CN', messages.zh],
  ])('to a browser that reads %s', async (lang, t) => {
    const answer = await request(ferry.url)
      .get('/nothing/<script>')
      .set({ Accept: BROWSER, 'Accept-Language': lang });
    expect(answer.status).toBe(404);
    expect(answer.text).toContain(`<html lang="${lang}">`);
    expect(answer.text).toContain(t.errors.not_found.title);
    expect(answer.text).toContain(String(answer.headers['x-request-id']));
    expect(answer.text).not.toContain('<script>');
  });

  it('shows a browser no more of a fault than the request id', async () => {
    fail(new TypeError(SECRET));
    const answer = await getMe().set('Accept', BROWSER).expect(500);
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(answer.text).toContain(String(answer.headers['x-request-id']));
    expect(answer.text).not.toMatch(/TypeError|vault|node_modules|\.ts:/);
  });
});

describe('an error after the headers went out', () => {
  it('cuts the connection, so that what came is not taken for whole', async () => {
    const bytes = Buffer.alloc(3_000_000, 'x');
    const { contentUrl } = await makeFile(ferry, user, { bytes, visibility: 'public' });
    emitted = [];
    breakReading = true;
    const wire = await Wire.connect(ferry);
    await wire.send(requestHead('GET', contentUrl));
    await expect(wire.answer()).rejects.toThrow('the connection ended');
    expect(wire.surplus.length).toBeLessThan(bytes.length);
    expect(wire.surplus.toString('latin1')).toMatch(/^x*$/);
    await until(() => failures().length > 0);
    expect(emitted.map(({ code }) => code)).toEqual(['internal']);
    expect(failures()).toMatchObject([{ err: { message: SECRET } }]);
    breakReading = false;
    await request(ferry.url).get(contentUrl).expect(200);
  });
});

describe('a client that goes away', () => {
  it('is 499 in the log, and no error', async () => {
    let waiting = false;
    let release: (file: FileRecord[]) => void = () => undefined;
    jest.spyOn(ferry.services.files, 'list').mockImplementationOnce(() => {
      waiting = true;
      return new Promise((resolve) => (release = resolve));
    });
    const wire = await Wire.connect(ferry);
    await wire.send(requestHead('GET', `${API}/files`, [['Authorization', user.auth.Authorization]]));
    await until(() => waiting);
    wire.destroy();
    await until(() => ferry.logged.some(({ status }) => status === 499));
    release([]);
    await request(ferry.url).get('/healthz').expect(200);
    expect(emitted).toEqual([]);
    expect(failures()).toEqual([]);
  });

  it('is no error in the middle of its body either', async () => {
    const wire = await Wire.connect(ferry);
    await wire.send(
      requestHead('POST', `${API}/auth/login`, [
        ['Content-Type', 'application/json'],
        ['Content-Length', '100'],
      ]),
      '{"username":',
    );
    wire.destroy();
    await until(() => ferry.logged.some(({ status }) => status === 499));
    expect(emitted).toEqual([]);
  });
});
