import { createHash } from 'node:crypto';
import {
  formatDigest,
  formatLegacyDigest,
  parseDigests,
  preferredDigest,
  preferredLegacyDigest,
} from '../../../src/services/http/digests';

const SHA256 = createHash('sha256').update('ferry').digest();
const SHA512 = createHash('sha512').update('ferry').digest();
const AS_256 = `sha-256=:${SHA256.toString('base64')}:`;
const AS_512 = `sha-512=:${SHA512.toString('base64')}:`;

describe('parseDigests', () => {
  const both = [
    { algorithm: 'sha-256', value: SHA256 },
    { algorithm: 'sha-512', value: SHA512 },
  ];

  it.each<[string, string[] | undefined, unknown]>([
    ['not sent', undefined, []],
    ['empty', [''], []],
    ['one', [AS_256], both.slice(0, 1)],
    ['two', [`${AS_256}, ${AS_512}`], both],
    ['two lines', [AS_256, AS_512], both],
    ['unknown and insecure ones', ['md5=:AAAA:, sha=:AAAA:, unixsum=1, x=(a b), y'], []],
    ['an unknown one besides', [`md5=:AAAA:, ${AS_512}`], both.slice(1)],
    ['parameters', [`${AS_256};a=1`], both.slice(0, 1)],
    ['another length', ['sha-256=:AAAA:'], [{ algorithm: 'sha-256', value: Buffer.alloc(3) }]],
    ['repeated: the last counts', [`sha-256=:AAAA:, ${AS_256}`], both.slice(0, 1)],
  ])('%s', (_name, lines, expected) => {
    expect(parseDigests(lines)).toEqual(expected);
  });

  it.each([
    'garbage!',
    'sha-256',
    'sha-256=',
    `sha-256=${SHA256.toString('base64')}`,
    `sha-256=${SHA256.toString('hex')}`,
    `sha-256="${SHA256.toString('base64')}"`,
    `SHA-256=:${SHA256.toString('base64')}:`,
    `sha-256=:${SHA256.toString('base64')}`,
    `sha-256=:${SHA256.toString('base64').slice(1)}:`,
    'sha-256=:****:',
    'sha-256=:AA-_:',
    `sha-256=(${AS_256.slice(8)})`,
    `${AS_256},`,
    `${AS_256} ${AS_512}`,
    `${AS_256}, md5=`,
  ])('malformed: %s', (value) => {
    expect(parseDigests([value])).toBe('malformed');
  });
});

describe('preferredDigest', () => {
  it.each([
    [undefined, null],
    ['sha-256=1', 'sha-256'],
    ['sha-256=3, sha-512=10', 'sha-512'],
    ['sha-512=5, sha-256=5', 'sha-256'],
    ['sha-256=0, sha-512=1', 'sha-512'],
    ['sha-256=0', null],
    ['md5=10, sha-256=1', 'sha-256'],
    ['md5=10', null],
    ['sha-256=11', null],
    ['sha-256=-1', null],
    ['sha-256=0.5', null],
    ['sha-256', null],
    ['sha-256=1,', null],
  ])('%s: %s', (value, expected) => {
    expect(preferredDigest(value === undefined ? undefined : [value], ['sha-256', 'sha-512'])).toBe(expected);
  });

  it('gives only what is available', () => {
    expect(preferredDigest(['sha-256=1, sha-512=10'], ['sha-256'])).toBe('sha-256');
  });
});

describe('preferredLegacyDigest', () => {
  it.each([
    [undefined, null],
    ['SHA-256', 'sha-256'],
    ['sha-256;q=0.1', 'sha-256'],
    ['SHA-512;q=1, SHA-256;q=1, SHA;q=0.1', 'sha-256'],
    ['SHA-512;q=1, SHA-256 ; q=0.5', 'sha-512'],
    ['SHA-256;q=0', null],
    ['SHA-256;q=2', null],
    ['MD5, SHA', null],
    ['???, SHA-256', 'sha-256'],
  ])('%s: %s', (value, expected) => {
    expect(preferredLegacyDigest(value === undefined ? undefined : [value], ['sha-256', 'sha-512'])).toBe(
      expected,
    );
  });
});

it('writes the fields as the RFCs show them', () => {
  expect(formatDigest('sha-256', SHA256)).toBe(AS_256);
  expect(formatDigest('sha-512', new Uint8Array(SHA512))).toBe(AS_512);
  expect(formatLegacyDigest('sha-256', SHA256)).toBe(`SHA-256=${SHA256.toString('base64')}`);
  expect(formatLegacyDigest('sha-512', SHA512)).toBe(`SHA-512=${SHA512.toString('base64')}`);
});
