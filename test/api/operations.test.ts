import request from 'supertest';
import { messages } from '../../src/locales';
import type { FerryRouter } from '../../src/middleware/context';
import { endpoints } from '../../src/schemas';
import { getReadiness } from '../../src/schemas/operations';
import { Unavailable } from '../../src/errors';
import { startFerry, type Ferry } from '../support/ferry';
import { override } from '../support/faults';

/** Pages are for people, and not described as calls. */
const PAGES = ['/', '/docs', '/login', '/login/scan', '/socket.io/'];

let ferry: Ferry;

beforeAll(async () => {
  ferry = await startFerry();
});

afterAll(() => ferry.stop());

const get = (path: string, headers: Record<string, string> = {}) => request(ferry.url).get(path).set(headers);

describe('GET /healthz', () => {
  it('is 200 while the process runs', async () => {
    const answer = await get('/healthz').expect(200, { status: 'ok' });
    expect(answer.headers['cache-control']).toBe('no-store');
  });
});

describe('GET /readyz', () => {
  const STORES = ['sql', 'content', 'blobs', 'keyvalue', 'eventlog'] as const;
  type Stores = { name: string; form: string; up: boolean }[];

  it('names every store and its form, and not where it lies', async () => {
    const answer = await get('/readyz').expect(200);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(getReadiness.responses[200]?.schema?.parse(answer.body)).toEqual(answer.body);
    expect(answer.body).toEqual({
      ready: true,
      draining: false,
      stores: STORES.map((name) => ({ name, form: expect.stringMatching(/^[\w ,]+$/) as string, up: true })),
    });
  });

  it.each(STORES)('is 503 and names %s when that is down, and 200 once it is back', async (name) => {
    let down = true;
    const ping = () =>
      down ? Promise.reject(new Unavailable('It is away: password=hunter2')) : Promise.resolve();
    const lame = await startFerry({
      wrapStores: (stores) => ({ ...stores, [name]: override(stores[name], { ping }) }),
    });
    try {
      const answer = await request(lame.url).get('/readyz').expect(503);
      expect(answer.headers['retry-after']).toBe('5');
      const { ready, draining, stores } = answer.body as {
        ready: boolean;
        draining: boolean;
        stores: Stores;
      };
      expect({ ready, draining }).toEqual({ ready: false, draining: false });
      expect(stores.filter(({ up }) => !up).map((store) => store.name)).toEqual([name]);
      expect(answer.text).not.toContain('hunter2');
      await request(lame.url).get('/healthz').expect(200);
      down = false;
      await request(lame.url).get('/readyz').expect(200);
    } finally {
      await lame.stop();
    }
  });

  it('is 503 once the process is about to stop', async () => {
    const leaving = await startFerry();
    try {
      leaving.services.health.drain();
      const answer = await request(leaving.url).get('/readyz').expect(503);
      expect(answer.body).toMatchObject({ ready: false, draining: true });
      expect((answer.body as { stores: Stores }).stores.every(({ up }) => up)).toBe(true);
      await request(leaving.url).get('/healthz').expect(200);
    } finally {
      await leaving.stop();
    }
  });
});

/** Members of an operation that are looked at here. */
interface Operation {
  operationId: string;
  tags: string[];
  summary: string;
  security: object[];
  parameters?: { in: string; name: string; required?: boolean; schema: object }[];
  requestBody?: { content: Record<string, { schema?: object }> };
  responses: Record<string, { description: string; content?: Record<string, { schema?: object }> }>;
}

interface Description {
  openapi: string;
  info: { title: string; version: string };
  servers: { url: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, unknown>; securitySchemes: Record<string, unknown> };
}

describe('GET /openapi.json', () => {
  let description: Description;
  let operations: [string, Operation][];

  beforeAll(async () => {
    description = (
      await get('/openapi.json')
        .expect(200)
        .expect('Content-Type', /^application\/json/)
    ).body as Description;
    operations = Object.entries(description.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]): [string, Operation] => [
        `${method} ${path}`,
        operation,
      ]),
    );
  });

  it('is an OpenAPI 3.1 document', () => {
    expect(Object.keys(description).sort()).toEqual(['components', 'info', 'openapi', 'paths', 'servers']);
    expect(description.openapi).toBe('3.1.0');
    expect(description.info).toMatchObject({
      title: 'Ferry',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
    });
    expect(description.servers).toEqual([{ url: '/' }]);
    const ids = operations.map(([, { operationId }]) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('describes every operation whole', () => {
    for (const [name, operation] of operations) {
      const placeholders = [...name.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
      const inPath = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
      expect([name, inPath.map((parameter) => parameter.name)]).toEqual([name, placeholders]);
      expect(inPath.every(({ required }) => required === true)).toBe(true);
      for (const parameter of operation.parameters ?? []) {
        expect(['path', 'query', 'header', 'cookie']).toContain(parameter.in);
        expect(typeof parameter.schema).toBe('object');
      }
      expect([name, operation.summary, operation.tags.length]).toEqual([
        name,
        expect.stringMatching(/\S/),
        1,
      ]);
      const successes = Object.keys(operation.responses).filter((status) =>
        /^(?:101|[23]\d\d)$/.test(status),
      );
      expect([name, successes.length > 0]).toEqual([name, true]);
      for (const [status, response] of Object.entries(operation.responses)) {
        expect(status).toMatch(/^(?:101|[2345]\d\d)$/);
        expect(response.description).toMatch(/\S/);
      }
      for (const requirement of operation.security) {
        for (const scheme of Object.keys(requirement))
          expect(description.components.securitySchemes).toHaveProperty(scheme);
      }
    }
  });

  it('refers only to what it has, and has only what it refers to', () => {
    const text = JSON.stringify(description);
    const references = new Set([...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference]) => reference));
    const schemas = Object.keys(description.components.schemas).map((name) => `#/components/schemas/${name}`);
    expect([...references].sort()).toEqual(schemas.sort());
  });

  it('says who may call what', () => {
    const bySecurity = (id: string) =>
      operations.find(([, { operationId }]) => operationId === id)?.[1].security;
    expect(bySecurity('login')).toEqual([]);
    expect(bySecurity('getMe')).toContainEqual({ accessToken: [] });
    expect(bySecurity('getMe')).not.toContainEqual({});
    expect(bySecurity('getFile')).toContainEqual({});
  });

  it('has every route, and no other', () => {
    const router = ferry.app.middleware
      .map((middleware) => (middleware as { router?: FerryRouter }).router)
      .find((found) => found !== undefined);
    const routed = (router?.stack ?? [])
      .filter(({ path }) => !PAGES.includes(String(path)))
      .flatMap(({ methods, path }) =>
        methods
          .filter((method) => method !== 'HEAD' || !methods.includes('GET'))
          .map((method) => `${method} ${String(path)}`),
      );
    const described = operations.map(([name]) => {
      const [method = '', path = ''] = name.split(' ');
      return `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`;
    });
    expect(described.length).toBeGreaterThan(15);
    expect(routed.sort()).toEqual(described.sort());
  });

  it('agrees with what OPTIONS says of each path', async () => {
    const patterns = Object.entries(description.paths).map(([path, item]) => ({
      pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`),
      methods: Object.keys(item).map((method) => method.toUpperCase()),
    }));
    for (const template of Object.keys(description.paths)) {
      const path = template.replace(/\{\w+\}/g, '0');
      const answer = await request(ferry.url).options(path).expect(204);
      // `/things/special` is also a `/things/{id}`.
      const methods = patterns
        .filter(({ pattern }) => pattern.test(path))
        .flatMap((matching) => matching.methods);
      const implied = methods.includes('GET') ? ['HEAD'] : [];
      const allowed = String(answer.headers.allow).split(', ').sort();
      expect([path, allowed]).toEqual([path, [...new Set([...methods, ...implied, 'OPTIONS'])].sort()]);
    }
  });

  it('names only errors of the catalogue that the endpoint may give', () => {
    for (const { id, errors } of endpoints) {
      const operation = operations.find(([, { operationId }]) => operationId === id)?.[1];
      const said = Object.values(operation?.responses ?? {}).map((response) => response.description);
      for (const code of errors)
        expect([id, code, said.join(' ')]).toEqual([id, code, expect.stringContaining(`\`${code}\``)]);
    }
  });

  it('names the public address as the server', async () => {
    const own = await startFerry({ settings: { PUBLIC_URL: 'https://files.example.com' } });
    try {
      const answer = await request(own.url).get('/openapi.json').set('Host', 'files.example.com').expect(200);
      expect(answer.body).toMatchObject({ servers: [{ url: 'https://files.example.com' }] });
    } finally {
      await own.stop();
    }
  });
});

describe('pages', () => {
  const ENGLISH = { 'Accept-Language': 'en-GB,en;q=0.9' };
  const CHINESE = { 'Accept-Language': 'zh-TW,zh;q=0.9,en;q=0.8' };

  it.each([
    ['/', 'en', ENGLISH, messages.en.home.title],
    ['/', 'zh-CN', CHINESE, messages.zh.home.title],
    ['/docs', 'en', ENGLISH, messages.en.docs.title],
    ['/docs', 'zh-CN', CHINESE, messages.zh.docs.title],
    ['/', 'en', { Cookie: 'locale=../../etc/passwd' }, messages.en.home.title],
  ])('GET %s in %s', async (path, lang, headers, title) => {
    const answer = await get(path, headers).expect(200).expect('Content-Type', 'text/html; charset=utf-8');
    expect(answer.text).toContain(`<html lang="${lang}">`);
    expect(answer.text).toContain(`<title>${title}`);
    expect(answer.headers.vary).toMatch(/Accept-Language, Cookie/);
    expect(answer.headers['cache-control']).toBe('no-cache');
  });

  it.each(['/', '/docs'])(
    '%s is whole under its own policy: everything it loads is here, nothing is inline',
    async (page) => {
      const { text } = await get(page).expect(200);
      const loaded = [...text.matchAll(/<(?:script|link|img)\b[^>]*?\b(?:src|href)="([^"]+)"/g)].map(
        ([, url]) => url ?? '',
      );
      expect(loaded.length).toBeGreaterThan(2);
      for (const url of loaded) {
        expect(url).toMatch(/^\/[^/]/);
        await get(url).expect(200);
      }
      expect(text).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/);
    },
  );

  it.each([
    ['swagger-ui.css', /^text\/css/],
    ['swagger-ui-bundle.js', /javascript/],
  ])('has the asset %s', async (name, type) => {
    await get(`/docs/assets/${name}`).expect(200).expect('Content-Type', type);
  });

  it.each([
    '/docs/assets/package.json',
    '/docs/assets/index.js',
    '/docs/assets/swagger-ui-bundle.js.map',
    '/docs/assets/..%2fpackage.json',
    '/docs/assets/%2e%2e',
    '/package.json',
    '/.env',
    '/.git/config',
    '/js/..%2f..%2fpackage.json',
    '/uploads/',
    '/data/ferry.sqlite',
    '/metrics',
  ])('gives nothing else away: %s', async (path) => {
    const { status } = await get(path);
    expect([403, 404]).toContain(status);
  });
});
