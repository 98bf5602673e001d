import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page, Request } from 'playwright-core';
import { until } from '../contract/until';
import { startChromium, visit, type Visit } from '../support/chromium';
import { makeUser, sha256Of, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { contentOf, listFiles } from '../support/uploads';

const CHUNK = 64 * 1024;

/** What a site would have on its page, for each of the clients by its own documentation. */
const PAGE = `<!doctype html><meta charset="utf-8"><title>A site</title><input type="file">
<script src="/resumable.js"></script><script src="/flow.js"></script><script src="/simple.js"></script>
<script>
function send(kind, options) {
  const file = document.querySelector('input').files[0];
  const client = kind === 'resumable.js' ? new Resumable(options)
    : kind === 'flow.js' ? new Flow(options) : new Uploader(options);
  return new Promise((resolve, reject) => {
    client.on('fileSuccess', (...told) => resolve(told.find((one) => typeof one === 'string')));
    client.on('fileError', (...told) => reject(new Error(told.find((one) => typeof one === 'string'))));
    client.on(kind === 'resumable.js' ? 'fileAdded' : 'filesSubmitted', () => client.upload());
    client.addFile(file);
  });
}
</script>`;

const SCRIPTS: Record<string, string> = {
  '/resumable.js': require.resolve('resumablejs/resumable.js'),
  '/flow.js': require.resolve('@flowjs/flow.js/dist/flow.js'),
  '/simple.js': require.resolve('simple-uploader.js/dist/uploader.js'),
};

let site: Server;
let siteUrl: string;
let ferry: Ferry;
let chromium: Browser;
let user: TestUser;
let visits: Visit[] = [];

beforeAll(async () => {
  site = createServer((request, response) => {
    const script = SCRIPTS[request.url ?? ''];
    response.setHeader('Content-Type', script === undefined ? 'text/html' : 'text/javascript');
    if (script === undefined) response.end(PAGE);
    else void readFile(script).then((text) => response.end(text));
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  siteUrl = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  ferry = await startFerry({ settings: { CORS_ORIGINS: siteUrl } });
  chromium = await startChromium();
});

beforeEach(async () => {
  user = await makeUser(ferry);
});

afterEach(async () => {
  await Promise.all(visits.map((one) => one.close()));
  visits = [];
});

afterAll(async () => {
  await chromium.close();
  await ferry.stop();
  site.closeAllConnections();
  await new Promise((resolve) => site.close(resolve));
});

const isChunk = (request: Request): boolean => request.method() === 'POST';

/** A new page with the file chosen. */
async function openPage(
  name: string,
  bytes: Buffer,
): Promise<{ page: Page; posts: Request[]; close: () => Promise<void> }> {
  const opened = await visit(chromium, siteUrl);
  visits.push(opened);
  const posts: Request[] = [];
  opened.page.on('request', (request) => {
    if (isChunk(request)) posts.push(request);
  });
  await opened.page.setInputFiles('input', { name, mimeType: 'image/jpeg', buffer: bytes });
  return { page: opened.page, posts, close: opened.close };
}

/** Uploads the chosen file. @returns what the client is told at its success */
function send(page: Page, kind: string): Promise<string> {
  const options = {
    target: `${ferry.url}/compat/resumable`,
    chunkSize: CHUNK,
    headers: { Authorization: user.auth.Authorization },
  };
  return page.evaluate<string>(`send(${JSON.stringify(kind)}, ${JSON.stringify(options)})`);
}

describe.each(['resumable.js', 'flow.js', 'simple-uploader.js'])(
  '%s, unmodified, on a page of another site',
  (kind) => {
    it('uploads a file with a Chinese name', async () => {
      const bytes = randomBytes(10 * CHUNK + 4321);
      const { page, posts } = await openPage('我的 照片.jpg', bytes);
      const told = JSON.parse(await send(page, kind)) as { file?: { id: string } };
      expect(posts).toHaveLength(10);
      const [file, ...others] = await listFiles(ferry, user);
      expect(others).toEqual([]);
      expect(file).toMatchObject({ name: '我的 照片.jpg', type: 'image/jpeg', size: bytes.length });
      expect(told.file).toEqual(file);
      expect(await contentOf(ferry, user, file!)).toEqual(bytes);
    });

    it('goes on in a new page where the old one was closed', async () => {
      const bytes = randomBytes(10 * CHUNK);
      const first = await openPage('电影.mp4', bytes);
      let passed = 0;
      let answered = 0;
      first.page.on('requestfinished', (request) => {
        if (isChunk(request)) answered += 1;
      });
      await first.page.route('**/compat/resumable*', async (route) => {
        // Those after the fourth never get anywhere.
        if (!isChunk(route.request()) || (passed += 1) <= 4) await route.continue();
      });
      const cut = send(first.page, kind).catch((error: unknown) => error);
      await until(() => answered === 4);
      await first.close();
      await cut;
      visits = [];
      const second = await openPage('电影.mp4', bytes);
      await send(second.page, kind);
      expect(second.posts).toHaveLength(6);
      expect(await listFiles(ferry, user)).toMatchObject([{ name: '电影.mp4', sha256: sha256Of(bytes) }]);
    });

    it('keeps files apart whose names are one and the same in ASCII', async () => {
      const files = ['照片.jpg', '文档.jpg'].map((name) => ({ name, bytes: randomBytes(3 * CHUNK) }));
      for (const { name, bytes } of files) await send((await openPage(name, bytes)).page, kind);
      const made = await listFiles(ferry, user);
      expect(made.map(({ name, sha256 }) => [name, sha256]).sort()).toEqual(
        files.map(({ name, bytes }) => [name, sha256Of(bytes)]).sort(),
      );
    });

    it('gets the same file for the same bytes again, and an error for others', async () => {
      const bytes = randomBytes(3 * CHUNK);
      await send((await openPage('a.bin', bytes)).page, kind);
      const [file] = await listFiles(ferry, user);
      const told = JSON.parse(await send((await openPage('a.bin', bytes)).page, kind)) as { file: unknown };
      expect(told.file).toEqual(file);
      const { page } = await openPage('a.bin', randomBytes(3 * CHUNK));
      await expect(send(page, kind)).rejects.toThrow('chunk_conflict');
      expect(await listFiles(ferry, user)).toEqual([file]);
    });
  },
);
