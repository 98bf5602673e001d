import type { Browser } from 'playwright-core';
import { startChromium, visit, type Visit } from '../support/chromium';
import { startFerry, type Ferry } from '../support/ferry';

let ferry: Ferry;
let chromium: Browser;
let visits: Visit[] = [];

beforeAll(async () => {
  chromium = await startChromium();
  ferry = await startFerry();
});

afterEach(async () => {
  await Promise.all(visits.map((one) => one.close()));
  visits = [];
});

afterAll(async () => {
  await ferry.stop();
  await chromium.close();
});

async function open(path: string, options?: Parameters<typeof visit>[2]): Promise<Visit> {
  const opened = await visit(chromium, `${ferry.url}${path}`, options);
  visits.push(opened);
  return opened;
}

const groundOf = ({ page }: Visit): Promise<string> =>
  page.evaluate<string>('getComputedStyle(document.body).backgroundColor');

const LIGHT = 'rgb(245, 247, 245)';
const DARK = 'rgb(12, 24, 29)';

describe('the switch of language and colours', () => {
  it.each([
    ['light', 'dark', LIGHT, DARK],
    ['dark', 'light', DARK, LIGHT],
  ] as const)(
    'on a %s device shows pages in %s, at once and from then on',
    async (system, chosen, from, to) => {
      const opened = await open('/', { colorScheme: system });
      expect(await groundOf(opened)).toBe(from);
      const kept = opened.page.waitForResponse('**/preferences');
      await opened.page.selectOption('select[name=theme]', chosen);
      expect((await kept).status()).toBe(204);
      await opened.page.waitForSelector(`html[data-theme=${chosen}]`);
      expect(await groundOf(opened)).toBe(to);
      await opened.page.goto(`${ferry.url}/docs`);
      expect(await groundOf(opened)).toBe(to);
      expect(await opened.page.locator('html.dark-mode').count()).toBe(chosen === 'dark' ? 1 : 0);
      expect(opened.complaints).toEqual([]);
    },
  );

  it('changes the language, and keeps it', async () => {
    const opened = await open('/');
    await opened.page.selectOption('select[name=locale]', 'zh');
    await opened.page.waitForSelector('html[lang="zh-CN"]');
    await opened.page.goto(`${ferry.url}/docs`);
    expect(await opened.page.locator('html').getAttribute('lang')).toBe('zh-CN');
    expect(await opened.page.inputValue('select[name=locale]')).toBe('zh');
    expect(opened.complaints).toEqual([]);
    await opened.picture('preferences-zh');
  });

  it('says when a choice was not kept, and takes it back', async () => {
    const opened = await open('/');
    await opened.page.route('**/preferences', (route) => route.abort());
    await opened.page.selectOption('select[name=theme]', 'dark');
    await opened.page.waitForSelector('[data-preferences-failed]:not([hidden])');
    expect(await opened.page.inputValue('select[name=theme]')).toBe('auto');
    expect(await groundOf(opened)).toBe(LIGHT);
  });

  it('is not there where no script runs', async () => {
    const opened = await open('/', { javaScriptEnabled: false });
    expect(await opened.page.locator('[data-preferences]').isVisible()).toBe(false);
  });

  it.each([320, 375, 768, 1280])('fits a screen of %d pixels', async (width) => {
    const opened = await open('/', { viewport: { width, height: 700 } });
    await opened.page.waitForSelector('[data-preferences]:not([hidden])');
    const overflow = await opened.page.evaluate<number>(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    expect(overflow).toBe(0);
    await opened.picture(`preferences-${width}`);
  });
});
