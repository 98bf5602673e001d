import { handOver } from '../../../src/services/http/hand-over';
import { E, EARLIER, L_DATE, LATER, plan, Z } from './content-plan.helpers';

const LOCATION = '/_ferry-blobs/ab/cd/abcd';

type Fields = Record<string, string | string[]>;

function handedOver(fields: Fields, overrides: Parameters<typeof plan>[1] = {}) {
  const headers = Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, Array.isArray(value) ? value : [value]]),
  );
  return handOver(plan(fields, overrides), headers, LOCATION);
}

it('hands the whole over with what nginx does not know', () => {
  expect(handedOver({})).toEqual({
    status: 200,
    headers: {
      'Content-Length': '0',
      'Content-Type': 'application/x-f',
      ETag: E,
      'Last-Modified': L_DATE,
      'X-Accel-Redirect': LOCATION,
    },
    spans: [],
  });
});

it('hands a part over, whose Content-Range nginx makes', () => {
  expect(handedOver({ range: 'bytes=0-4' })).toEqual({
    status: 206,
    headers: {
      'Accept-Ranges': 'bytes',
      'Content-Length': '0',
      'Content-Type': 'application/x-f',
      ETag: E,
      'Last-Modified': L_DATE,
      'X-Accel-Redirect': LOCATION,
    },
    spans: [],
  });
});

it.each<Fields>([
  { range: 'bytes=0-' },
  { range: 'bytes=-5' },
  { range: 'bytes=-5000' },
  { range: 'bytes=990-5000' },
  { range: 'bytes=0-4', 'if-range': E },
  { range: 'bytes=0-4', 'if-range': L_DATE },
  { 'if-range': '"another"' },
])('hands over %j', (fields) => {
  expect(handedOver(fields)?.headers['X-Accel-Redirect']).toBe(LOCATION);
});

it.each<Fields>([
  { range: 'bytes=5-2' },
  { range: 'bytes=abc' },
  { range: 'items=0-5' },
  { range: 'BYTES=0-4' },
  { range: 'bytes= 0-4' },
  { range: 'bytes=0-4,' },
  { range: 'bytes=0-4,5-9' },
  { range: 'bytes=0-1,500-501' },
  { range: 'bytes=1000-' },
  { range: `bytes=0-${'9'.repeat(16)}` },
  { range: `bytes=-${'9'.repeat(16)}` },
  { range: ['bytes=0-4', 'bytes=5-9'] },
  { range: 'bytes=0-4', 'if-range': '"another"' },
  { range: 'bytes=0-4', 'if-range': LATER },
  { range: 'bytes=0-4', 'if-range': 'Wed Mar  4 05:06:07 2026' },
  { range: 'bytes=0-4', 'if-range': ` ${E}` },
  { range: 'bytes=0-4', 'if-range': [E, E] },
  { 'if-match': E },
  { 'if-match': '"another"' },
  { 'if-none-match': '"another"' },
  { 'if-none-match': E },
  { 'if-modified-since': EARLIER },
  { 'if-unmodified-since': L_DATE },
])('keeps %j', (fields) => {
  expect(handedOver(fields)).toBeNull();
});

it('keeps what has no bytes', () => {
  expect(handedOver({}, { method: 'HEAD' })).toBeNull();
  expect(handedOver({}, { representation: Z })).toBeNull();
});
