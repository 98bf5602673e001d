import request from 'supertest';
import { createLink } from '../../src/schemas/links';
import { API, makeFile, makeUser, sha256Of, type TestFile, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { follow, linksOf, listed, makeLink, type TestLink } from '../support/links';

const DAY_MS = 24 * 60 * 60 * 1000;

let ferry: Ferry;
let user: TestUser;
let file: TestFile;
let later = 0;

beforeAll(async () => {
  ferry = await startFerry({
    settings: { ACCESS_TOKEN_SECONDS: String(24 * 60 * 60) },
    now: () => new Date(Date.now() + later),
  });
  user = await makeUser(ferry);
});

afterAll(() => ferry.stop());

beforeEach(async () => {
  later = 0;
  file = await makeFile(ferry, user, { name: 'a.txt', type: 'text/plain' });
});

const linkTo = (input: object = {}) => makeLink(ferry, user, file, input);
const get = ({ url }: TestLink, headers: Record<string, string> = {}, method = 'GET') =>
  follow(ferry, url, headers, method);

describe('POST /files/:id/links', () => {
  it('makes an address that needs no credentials and is shown once', async () => {
    const answer = await request(ferry.url)
      .post(linksOf(file))
      .set(user.auth)
      .send({ expiresIn: 60, maxDownloads: 2, disposition: 'attachment' })
      .expect(201);
    const link = answer.body as TestLink;
    expect(createLink.responses[201]?.schema?.parse(link)).toEqual(link);
    expect(link).toMatchObject({ maxDownloads: 2, downloads: 0, disposition: 'attachment' });
    expect(link.url).toMatch(/^\/d\/[\w-]{43}$/);
    expect(answer.headers['cache-control']).toBe('no-store');
    const list = await request(ferry.url).get(linksOf(file)).set(user.auth).expect(200);
    const { url, ...rest } = link;
    expect(list.body).toEqual({ items: [rest], nextCursor: null });
    const [token = ''] = url.split('/').slice(-1);
    expect(await ferry.stores.sql.links.findByToken(token)).toBeNull();
    expect((await get(link)).body).toEqual(file.bytes);
  });

  it.each([
    {},
    { expiresIn: 0 },
    { expiresIn: 31_536_001 },
    { expiresIn: 1.5 },
    { expiresIn: '60' },
    { expiresIn: 60, maxDownloads: 0 },
    { expiresIn: 60, maxDownloads: 1_000_001 },
    { expiresIn: 60, disposition: 'other' },
    { expiresIn: 60, extra: 1 },
  ])('refuses %j', async (input) => {
    await request(ferry.url).post(linksOf(file)).set(user.auth).send(input).expect(400);
  });

  it.each([{ expiresIn: 1 }, { expiresIn: 31_536_000, maxDownloads: 1_000_000, disposition: 'inline' }])(
    'takes %j',
    async (input) => {
      await linkTo(input);
    },
  );
});

describe('links', () => {
  it('are for the owner of the file to make, list and delete, also when the file is public', async () => {
    file = await makeFile(ferry, user, { visibility: 'public' });
    const link = await linkTo();
    const other = await makeUser(ferry);
    const path = linksOf(file);
    await request(ferry.url).post(path).set(other.auth).send({ expiresIn: 60 }).expect(404);
    await request(ferry.url).get(path).set(other.auth).expect(404);
    await request(ferry.url).delete(`${path}/${link.id}`).set(other.auth).expect(404);
    await request(ferry.url).get(path).expect(401);
    const another = linksOf(await makeFile(ferry, user));
    await request(ferry.url).delete(`${another}/${link.id}`).set(user.auth).expect(404);
    expect((await get(link)).status).toBe(200);
  });

  it('are listed page by page', async () => {
    const made = [await linkTo(), await linkTo(), await linkTo()].map(({ id }) => id);
    const page = async (cursor: string) =>
      (
        await request(ferry.url)
          .get(`${linksOf(file)}?limit=2${cursor}`)
          .set(user.auth)
          .expect(200)
      ).body as {
        items: TestLink[];
        nextCursor: string | null;
      };
    const first = await page('');
    const rest = await page(`&cursor=${String(first.nextCursor)}`);
    expect([...first.items, ...rest.items].map(({ id }) => id).sort()).toEqual(made.sort());
    expect(rest.nextCursor).toBeNull();
  });

  it('are 410 once taken back, and not listed', async () => {
    const link = await linkTo();
    const path = `${linksOf(file)}/${link.id}`;
    await request(ferry.url).delete(path).set(user.auth).expect(204);
    await request(ferry.url).delete(path).set(user.auth).expect(404);
    const answer = await get(link);
    expect(answer.status).toBe(410);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ code: 'gone' });
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
    expect((await get(link, {}, 'HEAD')).status).toBe(410);
    expect(await listed(ferry, user, file, link)).toBeUndefined();
  });

  it('are 410 once expired, and 404 a month later', async () => {
    const link = await linkTo();
    later = 59_000;
    expect((await get(link)).status).toBe(200);
    later = 61_000;
    expect((await get(link)).status).toBe(410);
    expect((await get(link, { Range: 'bytes=5-9' })).status).toBe(410);
    await ferry.services.maintenance.run();
    expect((await get(link)).status).toBe(410);
    later = 31 * DAY_MS;
    await ferry.services.maintenance.run();
    expect((await get(link)).status).toBe(404);
  });

  it('are 410 once their file is deleted', async () => {
    const link = await linkTo();
    await request(ferry.url).delete(`${API}/files/${file.id}`).set(user.auth).expect(204);
    expect((await get(link)).status).toBe(410);
    const record = await ferry.stores.sql.links.findByToken(sha256Of(Buffer.from(link.url.slice(3))));
    expect(record?.revokedAt).toBeInstanceOf(Date);
    await request(ferry.url).get(linksOf(file)).set(user.auth).expect(404);
  });

  it.each(['/d/x', `/d/${'a'.repeat(43)}`, '/d/..%2fx'])('are 404 when unknown: %s', async (url) => {
    expect((await follow(ferry, url)).status).toBe(404);
  });

  it('leave no token in the log, whatever the answer is', async () => {
    const { url } = await linkTo();
    const [, , token = ''] = url.split('/');
    for (const path of [url, `${url}/`, `${url}?download`, `${url}/x`, `/D/${token}`])
      await request(ferry.url).get(path);
    await request(ferry.url).post(url).expect(405);
    await request(ferry.url).delete(linksOf(file)).set(user.auth);
    await request(ferry.url).get(`${url}?other=1`).expect(400);
    const lines = ferry.logged.map((line) => JSON.stringify(line));
    expect(lines.filter((line) => line.includes('/d/…')).length).toBeGreaterThan(5);
    expect(lines.filter((line) => line.includes(token))).toEqual([]);
  });
});

describe('GET /d/:token', () => {
  it('answers like content, but private and with the same ETag', async () => {
    file = await makeFile(ferry, user, { visibility: 'public', type: 'text/plain', name: 'a.txt' });
    const { headers } = await get(await linkTo());
    expect(headers.get('ETag')).toBe(`"${file.sha256}"`);
    expect(headers.get('Cache-Control')).toBe('private, no-cache, no-transform');
    expect(headers.get('Repr-Digest')).toMatch(/^sha-256=:/);
    expect(headers.get('Content-Security-Policy')).toBe("default-src 'none'; sandbox");
  });

  it.each([
    ['text/plain', undefined, '', 'inline'],
    ['text/plain', 'inline', '', 'inline'],
    ['text/plain', 'inline', '?download', 'attachment'],
    ['text/plain', 'attachment', '', 'attachment'],
    ['text/html', 'inline', '', 'attachment'],
    ['image/svg+xml', 'inline', '', 'attachment'],
  ])('of %s by a link that says %s%s is sent as %s', async (type, disposition, query, expected) => {
    file = await makeFile(ferry, user, { type });
    const link = await linkTo({ disposition });
    const { headers } = await get({ ...link, url: link.url + query });
    expect(headers.get('Content-Disposition')).toMatch(new RegExp(`^${expected}; `));
  });

  it('takes no notice of credentials', async () => {
    const link = await linkTo();
    expect((await get(link, { Authorization: 'Bearer nonsense' })).status).toBe(200);
  });
});
