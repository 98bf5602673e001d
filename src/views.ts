import nunjucks from 'nunjucks';
import { messages, type Locale, type Messages } from './locales';

/** Renders pages; see {@link createViews}. */
export interface Views {
  /**
   * @param page name of a file in `pages/`, without its extension
   * @param locale language of the page
   * @param data what the page shows; `t`, `locale` and `page` are added
   * @returns the whole HTML document
   * @throws when the page does not exist, or prints something that `data` lacks
   */
  render(page: string, locale: Locale, data: object): string;
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const;

/** A length of time in its two largest units, e.g. `3 days, 4 hours`; rounded down. */
function formatDuration(seconds: number, t: Messages): string {
  const parts: string[] = [];
  let rest = Math.max(0, Math.floor(seconds));
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    // A zero between two units ends it: "3 days" says enough where "3 days, 5 minutes" would puzzle.
    if (count === 0 && parts.length > 0) break;
    if (count > 0) {
      parts.push(new Intl.NumberFormat(t.lang, { style: 'unit', unit, unitDisplay: 'long' }).format(count));
    }
    if (parts.length === 2) break;
  }
  if (parts.length === 0) return t.duration.moment;
  return new Intl.ListFormat(t.lang, { type: 'unit', style: 'narrow' }).format(parts);
}

/**
 * Sets up the templates: everything printed is escaped, and printing what is undefined throws.
 *
 * @param options.directory folder with `layouts/`, `partials/` and `pages/`; read when a page is first rendered
 * @param options.cache keeps compiled templates; false reads them anew each time, for work on them
 */
export function createViews(options: { directory: string; cache: boolean }): Views {
  const loader = new nunjucks.FileSystemLoader(options.directory, { noCache: !options.cache });
  const environment = new nunjucks.Environment(loader, {
    autoescape: true,
    throwOnUndefined: true,
    trimBlocks: true,
    lstripBlocks: true,
  });
  environment.addFilter('duration', formatDuration);
  return {
    render: (page, locale, data) =>
      environment.render(`pages/${page}.njk`, { ...data, t: messages[locale], locale, page }),
  };
}
