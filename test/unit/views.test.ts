import path from 'node:path';
import type { Locale } from '../../src/locales';
import { createViews } from '../../src/views';

const views = createViews({ directory: path.join(__dirname, '../../views'), cache: true });

const home = {
  version: '1.2.3',
  node: '20.20.2',
  uptimeSeconds: 5,
  publicUrl: 'https://ferry.example',
  ready: true,
  stores: [
    { name: 'sql', form: 'SQLite', up: true },
    { name: 'blobs', form: 'local disk', up: true },
    { name: 'keyvalue', form: 'in process', up: true },
    { name: 'eventlog', form: 'Redis', up: true },
  ],
};
const failure = { status: 404, code: 'not_found', title: 'Not found', detail: 'Nothing.', requestId: 'r-1' };

const pages: [string, Locale, object][] = (['en', 'zh'] as const).flatMap(
  (locale): [string, Locale, object][] => [
    ['home', locale, home],
    ['error', locale, failure],
    ['docs', locale, {}],
    ['login', locale, { displayName: null }],
    ['login', locale, { displayName: 'Li Lei' }],
    ['login-scan', locale, { phonePage: null }],
    ['login-scan', locale, { phonePage: '/dev/phone' }],
    ['dev-phone', locale, {}],
  ],
);

describe('createViews', () => {
  it.each(pages)(
    'renders %s in %s so that a strict content security policy blocks nothing',
    (page, locale, data) => {
      const html = views.render(page, locale, data);
      expect(html).toMatch(locale === 'zh' ? /<html lang="zh-CN">/ : /<html lang="en">/);
      expect(html).not.toMatch(/<style|\sstyle=|\son\w+=|javascript:|data:/i);
      expect(html).not.toMatch(/<script(?![^>]*\ssrc="\/)/);
      expect(html).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
    },
  );

  it.each(pages)('gives %s in %s every id once, and no reference without a target', (page, locale, data) => {
    const html = views.render(page, locale, data);
    const ids = [...html.matchAll(/\sid="([^"]+)"/g)].map((match) => match[1]);
    const references = [...html.matchAll(/(?:aria-labelledby|aria-describedby)="([^"]+)"|href="#([^"]+)"/g)];
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(expect.arrayContaining(references.map((match) => match[1] ?? match[2])));
  });

  it('escapes what it prints', () => {
    const html = views.render('error', 'en', { ...failure, detail: '<b>"x"</b>', requestId: '{{7*7}}<i>' });
    expect(html).toContain('&lt;b&gt;&quot;x&quot;&lt;/b&gt;');
    expect(html).toContain('{{7*7}}&lt;i&gt;');
  });

  it('throws when a page prints what it was not given', () => {
    expect(() => views.render('home', 'en', { ...home, publicUrl: undefined })).toThrow();
    expect(() => views.render('no-such-page', 'en', {})).toThrow(/no-such-page/);
  });

  it('does not let data replace the language', () => {
    expect(views.render('docs', 'zh', { t: {}, locale: 'en', page: 'home' })).toContain(
      '<html lang="zh-CN">',
    );
  });

  it.each([
    ['light', ' data-theme="light"', '<option value="light" selected>'],
    ['dark', ' data-theme="dark"', '<option value="dark" selected>'],
    ['auto', '', '<option value="auto" selected>'],
  ])('has the theme %s on its root and in its switch', (theme, attribute, option) => {
    const html = views.render('docs', 'en', { theme });
    expect(html).toContain(`<html lang="en"${attribute}>`);
    expect(html).toContain(option);
    expect(html).toContain('<option value="en" lang="en" selected>');
  });

  it.each([
    [0, 'en', 'less than a minute'],
    [59.9, 'en', 'less than a minute'],
    [60, 'en', '1 minute<'],
    [3_599, 'en', '59 minutes<'],
    [3_600, 'en', '1 hour<'],
    [86_400 + 300, 'en', '1 day<'],
    [86_400 * 3 + 3_600 * 4 + 300, 'en', '3 days 4 hours<'],
    [7_260, 'en', '2 hours 1 minute<'],
    [-5, 'en', 'less than a minute'],
    [30, 'zh', '不到 1 分钟'],
    [86_400 * 3 + 3_600 * 4, 'zh', '3天4小时'],
  ] as const)('shows an uptime of %d s in %s as %s', (uptimeSeconds, locale, expected) => {
    expect(views.render('home', locale, { ...home, uptimeSeconds })).toContain(`<dd>${expected}`);
  });

  it('says in words which store is down', () => {
    const stores = home.stores.map((store) => ({ ...store, up: store.name !== 'blobs' }));
    const html = views.render('home', 'en', { ...home, ready: false, stores });
    const shown = (name: string): (string | undefined)[] => {
      const group = new RegExp(`data-states="${name}">([\\s\\S]*?)</div>`).exec(html)?.[1] ?? '';
      return [...group.matchAll(/data-state="(\w+)">/g)].map((match) => match[1]);
    };
    expect(shown('blobs')).toEqual(['down']);
    expect(shown('sql')).toEqual(['up']);
    expect(new Set(shown('overall'))).toEqual(new Set(['down']));
  });

  it('offers another try only where one may help', () => {
    const page = (code: string) => views.render('error', 'en', { ...failure, code });
    expect(page('unavailable')).toContain('Try again</a>');
    expect(page('not_found')).not.toContain('Try again</a>');
  });

  it('shows a signed-in user no form to sign in with', () => {
    expect(views.render('login', 'en', { displayName: null })).toContain('data-password');
    const signedIn = views.render('login', 'en', { displayName: '<Li> Lei' });
    expect(signedIn).toContain('&lt;Li&gt; Lei');
    expect(signedIn).not.toContain('data-password');
    expect(signedIn).not.toContain('data-qr=');
  });

  it('falls back to the title of an error that has no sentences', () => {
    expect(views.render('error', 'zh', { ...failure, code: 'new_code' })).toContain('<h1>Not found</h1>');
  });
});
