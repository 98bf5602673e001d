import {
  planContent,
  type ContentPlan,
  type ContentRequest,
  type Representation,
} from '../../../src/services/http/content-plan';

/** F of 1000 bytes and Z of none, modified at L, a second that ended long before now. */
const L = new Date('2026-03-04T05:06:07.890Z');
const NOW = new Date('2026-03-05T00:00:00Z');
export const E = `"${'0123456789abcdef'.repeat(4)}"`;
export const F: Representation = { size: 1000, etag: E, lastModified: L, type: 'application/x-f' };
export const Z: Representation = { ...F, size: 0 };
const CONTENT = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 251));

export const L_DATE = 'Wed, 04 Mar 2026 05:06:07 GMT';
export const LATER = 'Wed, 04 Mar 2026 05:06:08 GMT';
export const EARLIER = 'Wed, 04 Mar 2026 05:06:06 GMT';

type Fields = Record<string, string | string[]>;

export function plan(fields: Fields, overrides: Partial<ContentRequest> = {}): ContentPlan {
  const headers = Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, Array.isArray(value) ? value : [value]]),
  );
  return planContent({ method: 'GET', headers, representation: F, now: NOW, ...overrides });
}

function bodyOf({ spans }: ContentPlan): Buffer {
  return Buffer.concat(
    spans.map((span) => (span.kind === 'literal' ? span.bytes : CONTENT.subarray(span.start, span.end))),
  );
}

/** Takes a multipart body apart by its grammar: Content-Range and bytes of each part. */
function partsOf(answer: ContentPlan): { range: string; bytes: Buffer }[] {
  const boundary = /^multipart\/byteranges; boundary=([\w-]{1,70})$/.exec(
    answer.headers['Content-Type'] ?? '',
  )?.[1];
  let rest = bodyOf(answer).toString('latin1');
  const delimiter = `--${String(boundary)}`;
  const parts: { range: string; bytes: Buffer }[] = [];
  const next = (): RegExpExecArray | null =>
    /^\r\nContent-Type: application\/x-f\r\nContent-Range: (bytes (\d+)-(\d+)\/1000)\r\n\r\n/.exec(rest);
  expect(rest.startsWith(delimiter)).toBe(true);
  rest = rest.slice(delimiter.length);
  for (let match = next(); match; match = next()) {
    const end = match[0].length + Number(match[3]) + 1 - Number(match[2]);
    parts.push({ range: match[1]!, bytes: Buffer.from(rest.slice(match[0].length, end), 'latin1') });
    expect(rest.slice(end).startsWith(`\r\n${delimiter}`)).toBe(true);
    rest = rest.slice(end + 2 + delimiter.length);
  }
  expect(rest).toBe('--\r\n');
  return parts;
}

export function expectRange(answer: ContentPlan, range: string): void {
  const [first = 0, last = 0] = range.split('-').map(Number);
  expect(answer.status).toBe(206);
  expect(answer.headers).toEqual({
    'Accept-Ranges': 'bytes',
    'Content-Length': String(last + 1 - first),
    'Content-Range': `bytes ${range}/1000`,
    'Content-Type': 'application/x-f',
    ETag: E,
    'Last-Modified': L_DATE,
  });
  expect(bodyOf(answer)).toEqual(CONTENT.subarray(first, last + 1));
}

export function expectWhole(answer: ContentPlan): void {
  expect(answer.status).toBe(200);
  expect(answer.headers).toEqual({
    'Accept-Ranges': 'bytes',
    'Content-Length': '1000',
    'Content-Type': 'application/x-f',
    ETag: E,
    'Last-Modified': L_DATE,
  });
  expect(bodyOf(answer)).toEqual(CONTENT);
}

export function expectParts(answer: ContentPlan, ranges: string[]): void {
  expect(answer.status).toBe(206);
  expect(answer.headers).not.toHaveProperty('Content-Range');
  expect(answer.headers['Content-Length']).toBe(String(bodyOf(answer).length));
  expect(partsOf(answer)).toEqual(
    ranges.map((range) => {
      const [first = 0, last = 0] = range.split('-').map(Number);
      return { range: `bytes ${range}/1000`, bytes: CONTENT.subarray(first, last + 1) };
    }),
  );
}

export function expectUnsatisfiable(answer: ContentPlan): void {
  expect(answer).toEqual({
    status: 416,
    headers: { 'Accept-Ranges': 'bytes', 'Content-Range': 'bytes */1000', 'Cache-Control': 'no-store' },
    spans: [],
  });
}
