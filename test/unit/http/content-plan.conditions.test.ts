import {
  E,
  EARLIER,
  expectRange,
  expectUnsatisfiable,
  expectWhole,
  F,
  L_DATE,
  LATER,
  plan,
} from './content-plan.helpers';

describe('If-Range', () => {
  const RFC850 = 'Wednesday, 04-Mar-26 05:06:07 GMT';
  const ASCTIME = 'Wed Mar  4 05:06:07 2026';

  it.each([E, L_DATE, RFC850, ASCTIME])('%s gives the range', (ifRange) => {
    expectRange(plan({ range: 'bytes=0-4', 'if-range': ifRange }), '0-4');
  });

  it.each<[string, string | string[]]>([
    ['a weak tag', `W/${E}`],
    ['another tag', '"zz"'],
    ['a later date', LATER],
    ['an earlier date', EARLIER],
    ['a star', '*'],
    ['garbage', 'garbage'],
    ['nothing', ''],
    ['an unquoted tag', E.slice(1, -1)],
    ['a list', `${E}, "zz"`],
    ['two lines', [E, E]],
  ])('with %s gives the whole', (_name, ifRange) => {
    expectWhole(plan({ range: 'bytes=0-4', 'if-range': ifRange }));
  });

  it.each([
    ['within its own second', '2026-03-04T05:06:07.999Z', 200],
    ['in the next second', '2026-03-04T05:06:08.000Z', 206],
    ['while it is in the future', '2026-03-04T05:06:00.000Z', 200],
  ])('with L %s', (_name, now, status) => {
    const answer = plan({ range: 'bytes=0-4', 'if-range': L_DATE }, { now: new Date(now) });
    expect(answer.status).toBe(status);
  });

  it('never holds for a weak representation', () => {
    const representation = { ...F, etag: `W/${E}` };
    expect(plan({ range: 'bytes=0-4', 'if-range': `W/${E}` }, { representation }).status).toBe(200);
  });

  it('with E leaves an unsatisfiable range 416', () => {
    expectUnsatisfiable(plan({ range: 'bytes=1000-', 'if-range': E }));
  });

  it('with another tag ignores an unsatisfiable range', () => {
    expectWhole(plan({ range: 'bytes=1000-', 'if-range': '"zz"' }));
  });
});

describe('If-None-Match and If-Modified-Since', () => {
  const NOT_MODIFIED = { status: 304, headers: { ETag: E, 'Last-Modified': L_DATE }, spans: [] };

  const MATCHING = [E, `W/${E}`, '*', `"zz", ${E}`, `"a,b" ,,W/${E}`];

  it.each(MATCHING)('If-None-Match: %s is 304', (ifNoneMatch) => {
    for (const method of ['GET', 'HEAD']) {
      expect(plan({ 'if-none-match': ifNoneMatch }, { method })).toEqual(NOT_MODIFIED);
      expect(plan({ 'if-none-match': ifNoneMatch, range: 'bytes=0-4' }, { method })).toEqual(NOT_MODIFIED);
      expect(plan({ 'if-none-match': ifNoneMatch, range: 'bytes=1000-' }, { method })).toEqual(NOT_MODIFIED);
    }
  });

  it('If-None-Match over two lines is one list', () => {
    expect(plan({ 'if-none-match': ['"zz"', E] })).toEqual(NOT_MODIFIED);
  });

  it.each(['"zz"', 'garbage', '', `${E} garbage`])(
    'If-None-Match: %s with If-Modified-Since: L is 200',
    (tag) => {
      expectWhole(plan({ 'if-none-match': tag, 'if-modified-since': L_DATE }));
    },
  );

  it.each([L_DATE, LATER])('If-Modified-Since: %s with Range is 304', (date) => {
    expect(plan({ 'if-modified-since': date, range: 'bytes=0-4' })).toEqual(NOT_MODIFIED);
  });

  it.each<[string, string | string[]]>([
    ['an earlier date', EARLIER],
    ['garbage', 'garbage'],
    ['a date twice', [L_DATE, L_DATE]],
    ['a list of dates', `${L_DATE}, ${L_DATE}`],
  ])('If-Modified-Since with %s does not stop it', (_name, date) => {
    expectRange(plan({ 'if-modified-since': date, range: 'bytes=0-4' }), '0-4');
  });
});

describe('If-Match and If-Unmodified-Since', () => {
  const FAILED = { status: 412, headers: { 'Cache-Control': 'no-store' }, spans: [] };

  it.each([E, '*', `"zz", ${E}`])('If-Match: %s gives the range', (ifMatch) => {
    expectRange(plan({ 'if-match': ifMatch, range: 'bytes=0-4' }), '0-4');
  });

  it.each([`W/${E}`, '"zz"', 'garbage', '', `*, ${E}`, `${E}${E}`])('If-Match: %s is 412', (ifMatch) => {
    for (const method of ['GET', 'HEAD']) {
      expect(plan({ 'if-match': ifMatch, range: 'bytes=0-4' }, { method })).toEqual(FAILED);
      expect(plan({ 'if-match': ifMatch, range: 'bytes=1000-' }, { method })).toEqual(FAILED);
    }
  });

  it('If-Match: E counts, and an old If-Unmodified-Since does not', () => {
    expectRange(plan({ 'if-match': E, 'if-unmodified-since': EARLIER, range: 'bytes=0-4' }), '0-4');
  });

  it.each<[string, string | string[]]>([
    ['L', L_DATE],
    ['a later date', LATER],
    ['garbage', 'garbage'],
    ['an old date twice', [EARLIER, EARLIER]],
  ])('If-Unmodified-Since with %s gives the range', (_name, date) => {
    expectRange(plan({ 'if-unmodified-since': date, range: 'bytes=0-4' }), '0-4');
  });

  it('If-Unmodified-Since before L is 412', () => {
    expect(plan({ 'if-unmodified-since': EARLIER, range: 'bytes=0-4' })).toEqual(FAILED);
  });

  it('comes before If-None-Match, and that before If-Range', () => {
    expect(plan({ 'if-match': '"zz"', 'if-none-match': E }).status).toBe(412);
    expect(plan({ 'if-match': E, 'if-none-match': E, 'if-range': '"zz"', range: 'bytes=0-4' }).status).toBe(
      304,
    );
  });
});
