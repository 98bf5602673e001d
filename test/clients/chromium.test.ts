import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { startChromium, visit } from '../support/chromium';
import { DownloadBench, sha256At, type Download } from '../support/download-bench';
import { listed } from '../support/links';

const MIB = 2 ** 20;

describe('Chromium', () => {
  let bench: DownloadBench;
  let chromium: Browser | undefined;
  /** A page of Ferry's, over the bad network, signed in. */
  let page: Page;
  /** Every connection that was made to the server, open or not. */
  const sockets = new Set<Socket>();

  beforeAll(async () => {
    chromium = await startChromium();
    bench = await DownloadBench.start();
    bench.ferry.server.on('connection', (socket) => sockets.add(socket));
    const { url } = bench.network;
    ({ page } = await visit(chromium, `${url}/robots.txt`));
    const cookies = [...bench.browser.cookies].map(([name, value]) => ({ name, value, url }));
    await page.context().addCookies(cookies);
  });

  afterAll(async () => {
    await chromium?.close();
    await bench.stop();
  });

  describe('goes on with a download that was cut', () => {
    let file: Download;

    beforeAll(async () => {
      file = await bench.store(16);
    });

    /** Opens an address that a browser saves, over a connection that breaks. */
    async function download(address: string): Promise<void> {
      bench.take('');
      bench.network.cutOnceAfter(5 * MIB);
      const started = page.waitForEvent('download', { timeout: 0 });
      // A page that turns out to be a download is none: that is an error to playwright.
      await page.goto(bench.network.url + address).catch(() => undefined);
      const saved = await started;
      expect(saved.suggestedFilename()).toBe('download.bin');
      // Nobody presses a button: it asks for the rest by itself.
      expect(await saved.failure()).toBeNull();
      expect(await sha256At(await saved.path())).toBe(file.sha256);
      const [first, second, ...others] = bench.take(address);
      expect([first?.status, second?.status, others]).toEqual([200, 206, []]);
      expect(first?.headers).not.toHaveProperty('range');
      expect(second?.headers).toMatchObject({
        'accept-encoding': 'identity',
        'if-range': `"${file.sha256}"`,
        range: expect.stringMatching(/^bytes=[1-9]\d*-$/) as string,
      });
    }

    it('with a cookie', () => download(`${file.path}?download`));

    it('by a link that is good for one, and counts it once', async () => {
      const link = await bench.linkTo(file);
      await download(link.url);
      expect(await listed(bench.ferry, bench.user, file, link)).toMatchObject({ downloads: 1 });
    });
  });

  it('seeks in a film without loading what lies between', async () => {
    const bytes = wave(64 * MIB);
    const film = await bench.store(bytes, 'audio/wav');
    const before = sent();
    const seconds = await page.evaluate(async (source) => {
      const video = document.createElement('video');
      video.preload = 'metadata';
      document.body.append(video);
      const once = (name: string) =>
        new Promise<void>((resolve, reject) => {
          video.addEventListener(name, () => resolve(), { once: true });
          video.addEventListener('error', () => reject(new Error(video.error?.message)), { once: true });
        });
      const loaded = once('loadedmetadata');
      video.src = source;
      await loaded;
      for (const part of [0.9, 0.4]) {
        const sought = once('seeked');
        video.currentTime = video.duration * part;
        await sought;
      }
      return video.currentTime;
    }, film.path);
    expect(seconds).toBeCloseTo((bytes.length / BYTES_PER_SECOND) * 0.4, 0);
    await page.goto('about:blank');
    const seen = bench.take(film.path);
    // It breaks off what it needs no more (0), and asks whether what it has cached is current (304).
    expect([206, 304, 0]).toEqual(expect.arrayContaining(seen.map(({ status }) => status)));
    const begins = seen.map(
      ({ headers }) => Number(/^bytes=(\d+)-/.exec(headers.range ?? '')?.[1]) / film.size,
    );
    for (const part of [0, 0.9, 0.4]) {
      expect(begins).toContainEqual(expect.closeTo(part, 1));
    }
    expect(sent() - before).toBeLessThan(film.size / 2);
  });

  /** Bytes that the server has given to its sockets. */
  function sent(): number {
    return [...sockets].reduce((sum, socket) => sum + socket.bytesWritten, 0);
  }
});

const BYTES_PER_SECOND = 44_100 * 2 * 2;

/** Noise in two channels of 16 bits, as a WAV file: Chromium plays it as a film without pictures. */
function wave(size: number): Buffer {
  const noise = randomBytes(MIB);
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(size - 8, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(2, 22);
  head.writeUInt32LE(44_100, 24);
  head.writeUInt32LE(BYTES_PER_SECOND, 28);
  head.writeUInt16LE(4, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(size - 44, 40);
  return Buffer.concat([head, ...Array<Buffer>(size / MIB).fill(noise)], size);
}
