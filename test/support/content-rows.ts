import type { HeaderLines } from './wire';

/** What an answer should be: `a-b` is a 206 of these bytes, a list of them is a multipart one. */
export type Expected = 'whole' | 304 | 412 | 416 | `${number}-${number}` | `${number}-${number}`[];
type Row = [fields: HeaderLines, expected: Expected];

const range = (value: string): HeaderLines => [['Range', value]];

/** Requests for 1000 bytes; `<E>`, `<L>` and their like are known only once the file is there: see `fillRow`. */
export const contentRows: Row[] = [
  [[], 'whole'],
  [range('bytes=0-0'), '0-0'],
  [range('bytes=0-'), '0-999'],
  [range('bytes=-1'), '999-999'],
  [range('bytes=-5000'), '0-999'],
  [range('bytes=990-5000'), '990-999'],
  [range('BYTES=0-4'), '0-4'],
  [range('bytes= 0-4'), '0-4'],
  [range(`bytes=0-${'9'.repeat(23)}`), '0-999'],
  [range('bytes=-0'), 416],
  [range('bytes=1000-'), 416],
  [range('bytes=9007199254740993-'), 416],
  [range('bytes=5-2'), 'whole'],
  [range('bytes=abc'), 'whole'],
  [range('items=0-5'), 'whole'],
  [range('bytes=0-4,x'), 'whole'],
  [[...range('bytes=0-4'), ...range('bytes=5-9')], 'whole'],
  [range('bytes=0-4,5-9'), '0-9'],
  [range('bytes=0-9,5-14'), '0-14'],
  [range('bytes=0-1,2000-'), '0-1'],
  [range('bytes=2000-,3000-'), 416],
  [range('bytes=0-1,500-501'), ['0-1', '500-501']],
  [range('bytes=0-0,-1'), ['0-0', '999-999']],
  [range('bytes=500-509,0-9'), ['500-509', '0-9']],
  [range(`bytes=${Array.from({ length: 300 }, (_, i) => `${i * 3}-${i * 3}`).join()}`), 'whole'],
  [[...range('bytes=0-4'), ['If-Range', '<E>']], '0-4'],
  [[...range('bytes=0-4'), ['If-Range', '<L>']], '0-4'],
  [[...range('bytes=0-4'), ['If-Range', '<asctime L>']], '0-4'],
  [[...range('bytes=0-4'), ['If-Range', 'W/<E>']], 'whole'],
  [[...range('bytes=0-4'), ['If-Range', '"another"']], 'whole'],
  [[...range('bytes=0-4'), ['If-Range', '<L-1>']], 'whole'],
  [[...range('bytes=0-4'), ['If-Range', '<L+1>']], 'whole'],
  [[...range('bytes=0-4'), ['If-Range', '<E>'], ['If-Range', '<E>']], 'whole'],
  [[...range('bytes=2000-'), ['If-Range', '<E>']], 416],
  [[...range('bytes=2000-'), ['If-Range', '"another"']], 'whole'],
  [[['If-None-Match', '<E>']], 304],
  [[['If-None-Match', 'W/<E>']], 304],
  [[['If-None-Match', '*']], 304],
  [[['If-None-Match', '"a", <E>'], ...range('bytes=0-4')], 304],
  [
    [
      ['If-None-Match', '"zz"'],
      ['If-Modified-Since', '<L>'],
    ],
    'whole',
  ],
  [[['If-Modified-Since', '<L>'], ...range('bytes=0-4')], 304],
  [[['If-Modified-Since', '<L-1>']], 'whole'],
  [[['If-Modified-Since', 'yesterday']], 'whole'],
  [
    [
      ['If-Modified-Since', '<L>'],
      ['If-Modified-Since', '<L>'],
    ],
    'whole',
  ],
  [[['If-Match', '<E>'], ...range('bytes=0-4')], '0-4'],
  [[['If-Match', '*'], ...range('bytes=0-4')], '0-4'],
  [[['If-Match', 'W/<E>'], ...range('bytes=0-4')], 412],
  [[['If-Match', '"another"'], ...range('bytes=2000-')], 412],
  [[['If-Match', '<E>'], ['If-Unmodified-Since', '<L-1>'], ...range('bytes=0-4')], '0-4'],
  [[['If-Unmodified-Since', '<L>'], ...range('bytes=0-4')], '0-4'],
  [[['If-Unmodified-Since', '<L-1>'], ...range('bytes=0-4')], 412],
  [[['If-Unmodified-Since', 'tomorrow'], ...range('bytes=0-4')], '0-4'],
];

/** The fields of a row with the validators of the file put in. */
export function fillRow(
  lines: HeaderLines,
  { etag, lastModified }: { etag: string; lastModified: string },
): HeaderLines {
  const at = Date.parse(lastModified);
  const fill = (value: string) =>
    value
      .replaceAll('<E>', etag)
      .replaceAll('<L>', lastModified)
      .replaceAll('<L-1>', new Date(at - 1000).toUTCString())
      .replaceAll('<L+1>', new Date(at + 1000).toUTCString())
      .replaceAll('<asctime L>', asctime(new Date(at)));
  return lines.map(([name, value]) => [name, fill(value)]);
}

/** The oldest of the three date formats (RFC 9110 §5.6.7): `Sun Nov  6 08:49:37 1994`. */
function asctime(date: Date): string {
  const [day = '', number = '', month = '', year = '', time = ''] = date
    .toUTCString()
    .replace(',', '')
    .split(' ');
  return `${day} ${month} ${String(Number(number)).padStart(2)} ${time} ${year}`;
}
