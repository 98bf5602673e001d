import fc from 'fast-check';
import { planContent } from '../../../src/services/http/content-plan';
import {
  E,
  expectParts,
  expectRange,
  expectUnsatisfiable,
  expectWhole,
  F,
  plan,
  Z,
} from './content-plan.helpers';

const NINES = '9'.repeat(23);
const INVALID = [
  '5-2',
  'abc',
  '',
  '-',
  '1',
  '0 - 4',
  '+1-4',
  '0x1-4',
  '1e2-',
  '0-4x',
  '--5',
  '0-1,x',
  '0-1,5-2',
];

describe('without a condition', () => {
  it('sends F whole', () => {
    expectWhole(plan({}));
  });

  it.each(['bytes=0-0', 'bytes=-5', 'bytes=5000-', 'bytes=0-1,4-5', 'abc'])(
    'HEAD ignores Range: %s',
    (range) => {
      const answer = plan({ range, 'if-range': E }, { method: 'HEAD' });
      expect(answer).toEqual({ ...plan({}), spans: [] });
    },
  );

  it.each(['bytes=0-', 'bytes=-5', 'bytes=5-', 'bytes=-0'])('Z with %s is 200 and empty', (range) => {
    const answer = plan({ range }, { representation: Z });
    expect(answer).toEqual({
      status: 200,
      headers: { ...plan({}).headers, 'Content-Length': '0' },
      spans: [],
    });
  });

  it.each([
    ['0-0', '0-0'],
    ['0-', '0-999'],
    ['0-999', '0-999'],
    ['-1', '999-999'],
    ['-1000', '0-999'],
    ['-5000', '0-999'],
    ['999-', '999-999'],
    ['990-5000', '990-999'],
  ])('bytes=%s gives %s', (range, expected) => {
    expectRange(plan({ range: `bytes=${range}` }), expected);
  });

  it.each(['-0', '-000', '1000-', '9007199254740993-', `${NINES}-`, `${NINES}-${NINES}`])(
    'bytes=%s is 416',
    (range) => {
      expectUnsatisfiable(plan({ range: `bytes=${range}` }));
    },
  );

  it.each([
    [`bytes=0-${NINES}`, '0-999'],
    [`bytes=-${NINES}`, '0-999'],
    ['bytes=000-004', '0-4'],
    ['BYTES=0-4', '0-4'],
    ['bytes= 0-4', '0-4'],
    [`bytes=${'0'.repeat(40)}7-${'0'.repeat(60)}9`, '7-9'],
  ])('%s gives %s', (range, expected) => {
    expectRange(plan({ range }), expected);
  });

  it.each([
    ...INVALID.map((range) => `bytes=${range}`),
    'bytes=,',
    'items=0-5',
    'bytes',
    'bytes 0-4',
    'bytes =0-4',
    '0-4',
    'bytes=0-4\u00a0',
    'bytes=0-\u0664',
    'bytes=9007199254740993-9007199254740992',
  ])('ignores %j', (range) => {
    expectWhole(plan({ range }));
  });

  it('ignores two Range lines', () => {
    expectWhole(plan({ range: ['bytes=0-4', 'bytes=0-4'] }));
  });

  it.each([
    ['0-1,500-501', ['0-1', '500-501']],
    ['0-0,-1', ['0-0', '999-999']],
    ['500-509,0-9', ['500-509', '0-9']],
  ])('bytes=%s is multipart, in the order asked', (range, expected) => {
    expectParts(plan({ range: `bytes=${range}` }), expected);
  });

  it.each([
    ['0-4,5-9', '0-9'],
    ['5-9,0-4', '0-9'],
    ['0-9,5-14', '0-14'],
    ['0-4,10-14,5-9', '0-14'],
    ['0-9,2-3', '0-9'],
  ])('bytes=%s is joined to %s', (range, expected) => {
    expectRange(plan({ range: `bytes=${range}` }), expected);
  });

  it.each([
    ['0-1,4-5', ['0-1', '4-5']],
    ['0-1,3-4', ['0-1', '3-4']],
    ['900-909,0-4,905-919', ['900-919', '0-4']],
    ['905-919,0-4,900-909', ['900-919', '0-4']],
  ])('bytes=%s stays apart where nothing touches', (range, expected) => {
    expectParts(plan({ range: `bytes=${range}` }), expected);
  });

  it.each([
    ['0-1,2000-', '0-1'],
    ['0-4,', '0-4'],
    [',0-4', '0-4'],
    [' ,\t, 0-4 ,,', '0-4'],
  ])('bytes=%s gives %s', (range, expected) => {
    expectRange(plan({ range: `bytes=${range}` }), expected);
  });

  it('answers 416 when no range of a set is there', () => {
    expectUnsatisfiable(plan({ range: 'bytes=2000-,3000-' }));
  });

  it.each([
    ['a sum above the size', '0-,0-'],
    ['a sum above the size by one', '0-500,500-999'],
    ['201 ranges', Array.from({ length: 201 }, (_, index) => `${index * 3}-${index * 3}`).join(',')],
    ['201 equal ranges', Array.from({ length: 201 }, () => '0-0').join(',')],
    ['half a million ranges', '0-0,'.repeat(500_000)],
    ['a million spaces in a member', `0-${' '.repeat(1_000_000)}1`],
  ])('sends the whole for %s', (_name, range) => {
    expectWhole(plan({ range: `bytes=${range}` }));
  });

  it('answers 200 ranges', () => {
    const ranges = Array.from({ length: 200 }, (_, index) => `${index * 3}-${index * 3}`);
    expectParts(plan({ range: `bytes=${ranges.join(',')}` }), ranges);
  });

  it('keeps 100 single bytes under size + 64 KiB', () => {
    const ranges = Array.from({ length: 100 }, (_, index) => `${index * 10}-${index * 10}`);
    const answer = plan({ range: `bytes=${ranges.join(',')}` });
    expectParts(answer, ranges);
    expect(Number(answer.headers['Content-Length'])).toBeLessThan(1000 + 65_536);
  });

  it('sends the whole when the framing alone is 64 KiB', () => {
    const range = `bytes=${Array.from({ length: 200 }, (_, index) => `${index * 3}-${index * 3}`).join(',')}`;
    const type = `application/${'x'.repeat(243)}`;
    expect(plan({ range }, { representation: { ...F, type } })).toEqual(
      plan({}, { representation: { ...F, type } }),
    );
  });
});

it('is exact beyond 4 GiB', () => {
  const representation = { ...F, size: 5 * 2 ** 30 };
  const answer = plan({ range: 'bytes=4294967296-4294967299' }, { representation });
  expect(answer.headers['Content-Range']).toBe('bytes 4294967296-4294967299/5368709120');
  expect(answer.spans).toEqual([{ kind: 'content', start: 4_294_967_296, end: 4_294_967_300 }]);
});

it('takes the clock for now', () => {
  const representation = { ...F, lastModified: new Date(Date.now() + 60_000) };
  const headers = { range: ['bytes=0-4'], 'if-range': [representation.lastModified.toUTCString()] };
  expect(planContent({ method: 'GET', headers, representation }).status).toBe(200);
});

it('Content-Length is always the sum of the parts, and the size of the whole bounds it', () => {
  const position = fc.option(fc.nat({ max: 3000 }), { nil: '' });
  const spec = fc.tuple(position, position).map(([first, last]) => `${first}-${last}`);
  const short = fc
    .tuple(fc.nat({ max: 3000 }), fc.nat({ max: 9 }))
    .map(([first, more]) => `${first}-${first + more}`);
  const sets = fc.oneof(
    { weight: 4, arbitrary: fc.array(short, { minLength: 1, maxLength: 210, size: 'max' }) },
    { weight: 4, arbitrary: fc.array(short, { minLength: 1, maxLength: 5 }) },
    { weight: 2, arbitrary: fc.array(spec, { maxLength: 3 }) },
    { weight: 1, arbitrary: fc.array(fc.string(), { maxLength: 3 }) },
  );
  const range = sets.map((specs) => `bytes=${specs.join(',')}`);
  fc.assert(
    fc.property(range, fc.nat({ max: 3000 }), fc.constantFrom('GET', 'HEAD'), (value, size, method) => {
      const answer = plan({ range: value }, { representation: { ...F, size }, method });
      const sum = answer.spans.reduce(
        (total, span) => total + (span.kind === 'literal' ? span.bytes.length : span.end - span.start),
        0,
      );
      for (const span of answer.spans) {
        if (span.kind === 'content')
          expect(0 <= span.start && span.start < span.end && span.end <= size).toBe(true);
      }
      if (method === 'HEAD') expect(answer).toMatchObject({ status: 200, spans: [] });
      else if (answer.status === 416) expect(sum).toBe(0);
      else expect(answer.headers['Content-Length']).toBe(String(sum));
      expect(sum).toBeLessThan(size + 65_536);
    }),
    { numRuns: 500 },
  );
});
