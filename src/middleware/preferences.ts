import { pickLocale, type Locale } from '../locales';
import { theme as themeShape } from '../schemas/preferences';
import type { Context } from './context';

export type Theme = 'light' | 'dark' | 'auto';

/** How somebody wants to see pages. */
export interface Preferences {
  locale: Locale;
  theme: Theme;
}

const YEAR_MS = 365 * 24 * 60 * 60 * 1000;

/** By the cookies as far as they are ours: what we have not signed does not count. */
export function preferencesOf(ctx: Context): Preferences {
  // Without `signed`, the signature would not be looked at.
  const read = (name: keyof Preferences) => ctx.cookies.get(name, { signed: true });
  return {
    locale: pickLocale(read('locale'), ctx.get('Accept-Language')),
    theme: themeShape.catch('auto').parse(read('theme')),
  };
}

/** Keeps what is chosen for a year. Nothing but the server reads it. */
export function keepPreferences(
  ctx: Context,
  chosen: { [K in keyof Preferences]?: Preferences[K] | undefined },
): void {
  for (const name of ['locale', 'theme'] as const) {
    const value = chosen[name];
    if (value === undefined) continue;
    ctx.cookies.set(name, value, { maxAge: YEAR_MS, sameSite: 'lax', httpOnly: true });
  }
}
