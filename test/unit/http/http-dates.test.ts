import fc from 'fast-check';
import { formatHttpDate, parseHttpDate, toSeconds } from '../../../src/services/http/http-dates';

const NOW = new Date('2026-06-01T00:00:00Z');

describe('parseHttpDate', () => {
  it.each([
    ['Sun, 06 Nov 1994 08:49:37 GMT', '1994-11-06T08:49:37.000Z'],
    ['Sunday, 06-Nov-94 08:49:37 GMT', '1994-11-06T08:49:37.000Z'],
    ['Sun Nov  6 08:49:37 1994', '1994-11-06T08:49:37.000Z'],
    ['Wed Nov 16 08:49:37 1994', '1994-11-16T08:49:37.000Z'],
    ['Thu, 29 Feb 2024 00:00:00 GMT', '2024-02-29T00:00:00.000Z'],
    ['Sat, 31 Dec 2016 23:59:60 GMT', '2017-01-01T00:00:00.000Z'],
    ['Fri, 31 Dec 1999 23:59:59 GMT', '1999-12-31T23:59:59.000Z'],
    ['Fri, 01 Jan 0099 00:00:00 GMT', null],
    ['Thu, 01 Jan 0099 00:00:00 GMT', '0099-01-01T00:00:00.000Z'],
    ['Monday, 01-Jun-76 00:00:00 GMT', '2076-06-01T00:00:00.000Z'],
    ['Tuesday, 01-Jun-76 00:00:01 GMT', '1976-06-01T00:00:01.000Z'],
    ['Saturday, 01-Jan-00 00:00:00 GMT', '2000-01-01T00:00:00.000Z'],
  ])('%s is %s', (value, expected) => {
    expect(parseHttpDate(value, NOW)?.toISOString() ?? null).toBe(expected);
  });

  it('takes two digits of a year as the next century when that is near', () => {
    const date = parseHttpDate('Saturday, 01-Jan-01 00:00:00 GMT', new Date('2099-12-31T00:00:00Z'));
    expect(date?.toISOString()).toBe('2101-01-01T00:00:00.000Z');
  });

  it.each([
    '',
    'garbage',
    '0',
    '1994-11-06T08:49:37Z',
    '784111777',
    'Mon, 06 Nov 1994 08:49:37 GMT',
    'sun, 06 Nov 1994 08:49:37 GMT',
    'Sun, 06 NOV 1994 08:49:37 GMT',
    'Sun, 6 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 94 08:49:37 GMT',
    'Sun, 06 Nov 1994 08:49 GMT',
    'Sun, 06 Nov 1994 8:49:37 GMT',
    'Sun, 06 Nov 1994 08:49:37',
    'Sun, 06 Nov 1994 08:49:37 UTC',
    'Sun, 06 Nov 1994 08:49:37 +0000',
    'Sun, 06  Nov 1994 08:49:37 GMT',
    ' Sun, 06 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 08:49:37 GMT ',
    'Sun, 06 Nov 1994 24:00:00 GMT',
    'Sun, 06 Nov 1994 08:60:00 GMT',
    'Sun, 06 Nov 1994 08:49:60 GMT',
    'Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT',
    'Thu, 30 Feb 2023 00:00:00 GMT',
    'Wed, 29 Feb 2023 00:00:00 GMT',
    'Sun, 00 Nov 1994 08:49:37 GMT',
    'Sun, 06-Nov-94 08:49:37 GMT',
    'Sunday, 06 Nov 1994 08:49:37 GMT',
    'Monday, 06-Nov-94 08:49:37 GMT',
    'Sun Nov 6 08:49:37 1994',
    'Sun Nov  6 08:49:37 1994 GMT',
  ])('refuses %j', (value) => {
    expect(parseHttpDate(value, NOW)).toBeNull();
  });

  it('reads what formatHttpDate writes, to the second', () => {
    const date = fc.date({
      min: new Date(0),
      max: new Date('9999-12-31T23:59:59.999Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(date, (value) => {
        const parsed = parseHttpDate(formatHttpDate(value), NOW);
        expect(parsed?.getTime()).toBe(toSeconds(value) * 1000);
      }),
    );
  });
});
