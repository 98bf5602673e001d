import {
  parseByteCount,
  parseChecksum,
  parseConcat,
  parseMetadata,
} from '../../../src/services/http/tus-fields';

const SHA1 = Buffer.alloc(20, 7);
const SHA256 = Buffer.alloc(32, 7);

describe('Upload-Metadata', () => {
  it.each<[string, Record<string, string>]>([
    ['', {}],
    [' ', {}],
    ['filename YS50eHQ=', { filename: 'a.txt' }],
    ['filename YS50eHQ', { filename: 'a.txt' }],
    ['filename YS50eHQ=,is_private', { filename: 'a.txt', is_private: '' }],
    ['filename YS50eHQ= , type  dGV4dA==', { filename: 'a.txt', type: 'text' }],
    ['is_private ', { is_private: '' }],
    ['name 5rih6Ii5', { name: '渡船' }],
    ['__proto__ YQ==', { ['__proto__']: 'a' }],
  ])('%j is read', (value, expected) => {
    const metadata = parseMetadata(value);
    expect([...metadata!].map(([key, bytes]) => [key, bytes.toString()])).toEqual(Object.entries(expected));
  });

  it.each([
    'filename a.txt',
    'a YQ==,',
    ',a YQ==',
    'a YQ==,a Yg==',
    'a Y',
    'a YQ=',
    'a YQ== b',
    'é YQ==',
    'a\tYQ==',
  ])('%j is malformed', (value) => expect(parseMetadata(value)).toBeNull());
});

describe('Upload-Checksum', () => {
  it.each([
    [`sha1 ${SHA1.toString('base64')}`, { algorithm: 'sha1', value: SHA1 }],
    [`sha256 ${SHA256.toString('base64')}`, { algorithm: 'sha256', value: SHA256 }],
    [` sha1  ${SHA1.toString('base64')} `, { algorithm: 'sha1', value: SHA1 }],
  ])('%j is read', (value, expected) => expect(parseChecksum(value)).toEqual(expected));

  it.each([
    '',
    'sha1',
    'sha1 ',
    'sha1 ????',
    `sha1 ${SHA256.toString('base64')}`,
    `sha256 ${SHA1.toString('base64')}`,
    `md5 ${Buffer.alloc(16).toString('base64')}`,
    `SHA1 ${SHA1.toString('base64')}`,
    `constructor ${SHA1.toString('base64')}`,
  ])('%j is refused', (value) => expect(parseChecksum(value)).toBeNull());
});

describe('Upload-Concat', () => {
  it.each([
    ['partial', { kind: 'partial' }],
    ['final;/tus/a', { kind: 'final', urls: ['/tus/a'] }],
    [
      'final; /tus/a  https://example.com/tus/b ',
      { kind: 'final', urls: ['/tus/a', 'https://example.com/tus/b'] },
    ],
  ])('%j is read', (value, expected) => expect(parseConcat(value)).toEqual(expected));

  it.each(['', 'final', 'final;', 'final; ', 'partial;', 'Partial', 'final /tus/a'])(
    '%j is malformed',
    (value) => expect(parseConcat(value)).toBeNull(),
  );
});

describe('a count of bytes', () => {
  it.each([
    ['0', 0],
    ['007', 7],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ])('%j is read', (value, expected) => expect(parseByteCount(value)).toBe(expected));

  it.each(['', '-1', '+1', '1.0', '1e3', '0x10', ' 1', '9007199254740992', '9'.repeat(40)])(
    '%j is refused',
    (value) => expect(parseByteCount(value)).toBeNull(),
  );
});
