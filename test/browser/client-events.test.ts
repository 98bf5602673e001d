import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { buildClient } from '../../scripts/build-client';
import { until } from '../contract/until';
import { startChromium, visit, type Visit } from '../support/chromium';
import { makeUser, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';

const SCRIPT = '**/client-test/ferry.js';

/** What the page does with the bundle. */
const html = (options: object) => `<!doctype html><title>events</title><script type="module">
  import { connect } from '/client-test/ferry.js';
  window.numbers = []; window.gaps = 0; window.states = [];
  const { token, ...options } = ${JSON.stringify(options)};
  window.connection = connect({
    ...options,
    getAccessToken: async () => token,
    onEvent: ({ data }) => numbers.push(data.n),
    onGap: () => (gaps += 1),
    onState: ({ phase, transport }) => states.push(transport ? phase + ' ' + transport : phase),
  });
</script>`;

let ferry: Ferry;
let user: TestUser;
let browser: Browser;
let directory: string;
let bundle: string;
let opened: Visit;

beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'ferry-client-'));
  const [built] = await buildClient(directory);
  bundle = await readFile(built!.file, 'utf8');
  ferry = await startFerry();
  user = await makeUser(ferry);
  browser = await startChromium();
});

afterEach(() => opened.close());

afterAll(async () => {
  await browser.close();
  await ferry.stop();
  await rm(directory, { recursive: true });
});

describe.each(['websocket', 'sse', 'long-poll', 'short-poll'])(
  'the client in a browser, over %s',
  (transport) => {
    it('gets what happens while the network is cut, all of it once', async () => {
      const topic = `user:${user.id}`;
      // A page that the server itself has sent: of one that a test makes up, Chromium does not know where it is from.
      opened = await visit(browser, `${ferry.url}/healthz`, { bypassCSP: true });
      const { page } = opened;
      await page.route(SCRIPT, (route) => route.fulfill({ contentType: 'text/javascript', body: bundle }));
      await page.setContent(html({ topics: [topic], transports: [transport], token: user.accessToken }));
      const numbers = () => page.evaluate<number[]>('numbers');
      const publish = (n: number) => ferry.stores.eventlog.append(topic, 'counted', { n });
      await page.waitForFunction('window.connection?.state.phase === "live"');
      let last = 0;
      for (let round = 0; round < 3; round += 1) {
        for (let n = 0; n < 3; n += 1) await publish((last += 1));
        await page.context().setOffline(true);
        await page.waitForFunction('connection.state.phase === "offline"');
        for (let n = 0; n < 3; n += 1) await publish((last += 1));
        await page.context().setOffline(false);
        await publish((last += 1));
        await until(async () => (await numbers()).includes(last));
      }
      expect(await numbers()).toEqual(Array.from({ length: last }, (_, n) => n + 1));
      expect(await page.evaluate('gaps')).toBe(0);
      expect(await page.evaluate('states.at(-1)')).toBe(`live ${transport}`);
      await page.evaluate('connection.close()');
      expect(await page.evaluate('connection.state')).toEqual({ phase: 'closed', problem: null });
    });
  },
);
