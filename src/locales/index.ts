import { en, type Messages } from './en';
import { zh } from './zh';

export type { Messages };

/** The languages of the pages. */
export type Locale = 'en' | 'zh';

/** The table of each language. */
export const messages: Record<Locale, Messages> = { en, zh };

/** RFC 9110 §12.4.2: 0 to 1 with at most three decimals. */
const QVALUE = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/;

/** A browser without a wish, or with wishes that nothing here meets, reads English. */
const DEFAULT: Locale = 'en';

interface Wish {
  /** The primary subtag in lower case, or `*`. */
  language: string;
  weight: number;
}

function isLocale(value: string | undefined): value is Locale {
  return value === 'en' || value === 'zh';
}

/** Reads one member of the list; null for one that is malformed, which is then as good as absent. */
function parseWish(member: string): Wish | null {
  const [range = '', ...parameters] = member.split(';').map((part) => part.trim());
  const language = /^(\*|[a-z]{1,8})(?:-[a-z0-9]{1,8})*$/i.exec(range)?.[1]?.toLowerCase();
  if (language === undefined || parameters.length > 1) return null;
  const [parameter] = parameters;
  if (parameter === undefined) return { language, weight: 1 };
  const [key = '', value = ''] = parameter.split('=');
  if (key.toLowerCase() !== 'q' || !QVALUE.test(value)) return null;
  return { language, weight: Number(value) };
}

/** How much a locale is wanted, and where the header first says so; a named language hides the wildcard. */
function judge(wishes: Wish[], locale: Locale): { weight: number; position: number } {
  const named = wishes.some((wish) => wish.language === locale);
  const language = named ? locale : '*';
  const weight = Math.max(
    0,
    ...wishes.filter((wish) => wish.language === language).map((wish) => wish.weight),
  );
  const position = wishes.findIndex((wish) => wish.language === language && wish.weight === weight);
  return { weight, position: named ? position : wishes.length };
}

/**
 * Chooses the language of a page.
 *
 * A `locale` cookie that names one of ours wins. Otherwise `Accept-Language` decides (RFC 9110 §12.5.4): the
 * highest q-value, then the order in the header; every region and script counts as its language
 * (RFC 4647 §3.4), so `zh-TW` and `zh-Hans-CN` are `zh`.
 *
 * @param cookie value of the cookie `locale`
 * @param acceptLanguage value of the request header
 * @returns `en` when neither says anything usable
 */
export function pickLocale(cookie: string | undefined, acceptLanguage: string | undefined): Locale {
  if (isLocale(cookie)) return cookie;
  const wishes = (acceptLanguage ?? '')
    .split(',')
    .map(parseWish)
    .filter((wish) => wish !== null);
  const english = judge(wishes, 'en');
  const chinese = judge(wishes, 'zh');
  if (chinese.weight !== english.weight) return chinese.weight > english.weight ? 'zh' : 'en';
  return chinese.weight > 0 && chinese.position < english.position ? 'zh' : DEFAULT;
}
