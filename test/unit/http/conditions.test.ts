import { evaluatePreconditions, ifRangeHolds } from '../../../src/services/http/conditions';

const validators = { etag: '"e"', lastModified: new Date('2026-03-04T05:06:07.500Z') };
const now = new Date('2026-03-05T00:00:00Z');
const SAME = 'Wed, 04 Mar 2026 05:06:07 GMT';
const EARLIER = 'Wed, 04 Mar 2026 05:06:06 GMT';

describe('evaluatePreconditions', () => {
  it.each([
    ['GET', {}, 'proceed'],
    ['GET', { 'if-none-match': ['"e"'] }, 'not-modified'],
    ['HEAD', { 'if-none-match': ['"e"'] }, 'not-modified'],
    ['PATCH', { 'if-none-match': ['"e"'] }, 'failed'],
    ['PUT', { 'if-none-match': ['*'] }, 'failed'],
    ['PATCH', { 'if-none-match': ['"x"'] }, 'proceed'],
    ['PATCH', { 'if-match': ['"e"'] }, 'proceed'],
    ['PATCH', { 'if-match': ['"x"'] }, 'failed'],
    ['DELETE', { 'if-match': ['*'] }, 'proceed'],
    ['DELETE', { 'if-match': ['W/"e"'] }, 'failed'],
    ['DELETE', { 'if-unmodified-since': [SAME] }, 'proceed'],
    ['DELETE', { 'if-unmodified-since': [EARLIER] }, 'failed'],
    ['DELETE', { 'if-match': ['"e"'], 'if-unmodified-since': [EARLIER] }, 'proceed'],
    ['GET', { 'if-modified-since': [SAME] }, 'not-modified'],
    ['DELETE', { 'if-modified-since': [SAME] }, 'proceed'],
    ['GET', { 'if-match': ['"e"'], 'if-none-match': ['"e"'] }, 'not-modified'],
    ['GET', { 'if-match': ['"x"'], 'if-none-match': ['"e"'] }, 'failed'],
    ['GET', { 'if-unmodified-since': [SAME], 'if-modified-since': [SAME] }, 'not-modified'],
    ['GET', { 'if-none-match': ['"x"'], 'if-modified-since': [SAME] }, 'proceed'],
  ])('%s with %j: %s', (method, headers, expected) => {
    expect(evaluatePreconditions({ method, headers, validators, now })).toBe(expected);
  });
});

describe('ifRangeHolds', () => {
  it.each([
    [{}, true],
    [{ 'if-range': ['"e"'] }, true],
    [{ 'if-range': ['W/"e"'] }, false],
    [{ 'if-range': [SAME] }, true],
    [{ 'if-range': [EARLIER] }, false],
  ])('%j: %s', (headers, expected) => {
    expect(ifRangeHolds({ headers, validators, now })).toBe(expected);
  });
});
