const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const TIME = String.raw`(?<hour>\d{2}):(?<minute>\d{2}):(?<second>\d{2})`;
const MONTH = `(?<month>${MONTHS.join('|')})`;
const SHORT_DAY = `(?<weekday>${DAYS.map((day) => day.slice(0, 3)).join('|')})`;
const LONG_DAY = `(?<weekday>${DAYS.join('|')})`;

/** RFC 9110 §5.6.7. All three are case-sensitive, and there is no other white space than theirs. */
const IMF_FIXDATE = new RegExp(String.raw`^${SHORT_DAY}, (?<day>\d{2}) ${MONTH} (?<year>\d{4}) ${TIME} GMT$`);
const RFC850_DATE = new RegExp(String.raw`^${LONG_DAY}, (?<day>\d{2})-${MONTH}-(?<year>\d{2}) ${TIME} GMT$`);
const ASCTIME_DATE = new RegExp(String.raw`^${SHORT_DAY} ${MONTH} (?<day>\d{2}| \d) ${TIME} (?<year>\d{4})$`);

type Groups = Record<string, string | undefined>;

function toDate(groups: Groups, year: number): Date | null {
  const month = MONTHS.indexOf(groups.month ?? '');
  const day = Number(groups.day);
  const hour = Number(groups.hour);
  const minute = Number(groups.minute);
  const second = Number(groups.second);
  // A leap second is written :60 and taken as the second after it.
  const isLeapSecond = hour === 23 && minute === 59 && second === 60;
  if (hour > 23 || minute > 59 || (second > 59 && !isLeapSecond)) return null;
  // Date.UTC would take the years 0 to 99 as 1900 to 1999.
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  // A day that its month does not have comes out as another one.
  if (date.getUTCDate() !== day) return null;
  // RFC 5322 §3.3: the day of the week must be the one implied by the date.
  if (DAYS[date.getUTCDay()]?.slice(0, 3) !== groups.weekday?.slice(0, 3)) return null;
  date.setUTCHours(hour, minute, second);
  return date;
}

/** RFC 9110 §5.6.7: two digits of a year never mean more than 50 years from now. */
function fullYear({ year, month, day, hour, minute, second }: Groups, now: Date): number {
  const limit = new Date(now).setUTCFullYear(now.getUTCFullYear() + 50);
  const timeIn = (candidate: number): number =>
    Date.UTC(
      candidate,
      MONTHS.indexOf(month ?? ''),
      Number(day),
      Number(hour),
      Number(minute),
      Number(second),
    );
  let candidate = Math.floor(now.getUTCFullYear() / 100) * 100 + 100 + Number(year);
  while (timeIn(candidate) > limit) candidate -= 100;
  return candidate;
}

/**
 * Reads an HTTP-date in any of its three formats (RFC 9110 §5.6.7), strictly.
 * @param now what the two-digit year of the RFC 850 format is relative to
 * @returns null for anything else, a list of dates and dates that do not exist included
 */
export function parseHttpDate(value: string, now: Date): Date | null {
  const long = IMF_FIXDATE.exec(value) ?? ASCTIME_DATE.exec(value);
  if (long?.groups) return toDate(long.groups, Number(long.groups.year));
  const short = RFC850_DATE.exec(value);
  return short?.groups ? toDate(short.groups, fullYear(short.groups, now)) : null;
}

/** An IMF-fixdate, which has no fractions of a second: they are cut off. */
export function formatHttpDate(date: Date): string {
  return date.toUTCString();
}

/** Whole seconds since 1970, the resolution of every date in HTTP. */
export function toSeconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
