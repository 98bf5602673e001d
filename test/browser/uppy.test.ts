import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import { startChromium, visit, type Visit } from '../support/chromium';
import { makeUser, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { contentOf, listFiles } from '../support/uploads';

const MIB = 2 ** 20;

/** As far as the page of the test uses it. */
const UPLOADER = `
  window.startUppy = (endpoint, headers, options) => {
    const uppy = new Uppy.Uppy().use(Uppy.Tus, { endpoint, headers, retryDelays: [0, 100, 200], ...options });
    window.uppy = uppy;
    window.told = { sent: 0, complete: null, errors: [] };
    uppy.on('upload-progress', (file, progress) => (window.told.sent = progress.bytesUploaded));
    uppy.on('error', (error) => window.told.errors.push(String(error)));
    uppy.on('complete', ({ successful, failed }) => {
      window.told.complete = { successful: successful.length, failed: failed.length };
    });
    document.querySelector('input').addEventListener('change', ({ target }) => {
      const [file] = target.files;
      uppy.addFile({ name: file.name, type: file.type, data: file });
      void uppy.upload();
    });
  };`;

describe('Uppy in a browser of another origin', () => {
  const bytes = randomBytes(6 * MIB + 17);
  let ferry: Ferry;
  let pages: Ferry;
  let browser: Browser;
  let user: TestUser;
  let opened: Visit;

  beforeAll(async () => {
    pages = await startFerry();
    ferry = await startFerry({ settings: { CORS_ORIGINS: pages.url } });
    browser = await startChromium();
  });

  beforeEach(async () => {
    user = await makeUser(ferry);
    opened = await visit(browser, `${pages.url}/healthz`, { bypassCSP: true });
  });

  afterEach(() => opened.close());

  afterAll(async () => {
    await browser.close();
    await ferry.stop();
    await pages.stop();
  });

  async function start(options: object): Promise<void> {
    const { page } = opened;
    await page.setContent('<input type="file">');
    await page.addScriptTag({ content: await readFile(require.resolve('uppy/dist/uppy.min.js'), 'utf8') });
    await page.addScriptTag({ content: UPLOADER });
    const given = [`${ferry.url}/tus/`, user.auth, options].map((value) => JSON.stringify(value));
    await page.evaluate(`startUppy(${given.join(', ')})`);
    await page.locator('input').setInputFiles({ name: '照片 1.png', mimeType: 'image/png', buffer: bytes });
  }

  async function expectFile(): Promise<void> {
    await opened.page.waitForFunction('told.complete !== null');
    expect(await opened.page.evaluate('told')).toMatchObject({
      complete: { successful: 1, failed: 0 },
      errors: [],
    });
    const [file, ...others] = await listFiles(ferry, user);
    expect(others).toEqual([]);
    expect(file).toMatchObject({ name: '照片 1.png', type: 'image/png', size: bytes.length });
    expect((await contentOf(ferry, user, file!)).equals(bytes)).toBe(true);
  }

  it.each([
    ['in one request', {}],
    ['in many', { chunkSize: MIB }],
    ['in four at once', { parallelUploads: 4 }],
  ])('uploads a file %s', async (_how, options) => {
    await start(options);
    await expectFile();
  });

  it('goes on when every connection is cut', async () => {
    await start({ chunkSize: MIB });
    await opened.page.waitForFunction(`told.sent >= ${2 * MIB}`);
    ferry.server.closeAllConnections();
    await expectFile();
  });

  it('pauses and goes on', async () => {
    await start({ chunkSize: MIB });
    await opened.page.waitForFunction(`told.sent >= ${2 * MIB}`);
    await opened.page.evaluate('uppy.pauseAll()');
    await opened.page.evaluate('uppy.resumeAll()');
    await expectFile();
  });
});
