import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const SCREENSHOTS = path.join(__dirname, '../../test-output');

/** Starts Chromium: that of `CHROMIUM_PATH`, or one in a usual place. @throws when there is none */
export async function startChromium(): Promise<Browser> {
  const wanted = process.env['CHROMIUM_PATH'];
  const places = wanted ? [wanted] : PLACES;
  const executablePath = places.find((place) => existsSync(place));
  if (executablePath === undefined) {
    throw new Error(
      `There is no Chromium in ${places.join(', ')}. Install it (on Debian: apt-get install chromium), or set CHROMIUM_PATH.`,
    );
  }
  return chromium.launch({ executablePath, args: ARGUMENTS });
}

/** A page in a browser profile of its own, with everything that it complained about. */
export interface Visit {
  page: Page;
  /** Errors in the console, refusals by the content security policy among them, and exceptions. */
  complaints: string[];
  /** Keeps a picture of the whole page in `test-output/<name>.png`. */
  picture: (name: string) => Promise<void>;
  close: () => Promise<void>;
}

/** Opens a page. Answers of 4xx, which Chromium reports in the console too, are for the tests that ask for them. */
export async function visit(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({
    locale: 'en-US',
    viewport: { width: 1280, height: 860 },
    ...options,
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(url);
  return {
    page,
    complaints,
    async picture(name) {
      await mkdir(SCREENSHOTS, { recursive: true });
      await page.screenshot({ path: path.join(SCREENSHOTS, `${name}.png`), fullPage: true });
    },
    close: () => context.close(),
  };
}
