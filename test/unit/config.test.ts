import path from 'node:path';
import { ConfigError, readConfig } from '../../src/config';
import { settings } from '../../src/settings';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;
const HOUR = 60 * 60 * 1000;

/** The lines of the error that these settings give; none when they are fine. */
function complaints(environment: Record<string, string>): string[] {
  try {
    readConfig(environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
}

describe('settings', () => {
  it('have defaults for a machine of one', () => {
    expect(readConfig({})).toMatchObject({
      environment: 'development',
      listen: { host: '127.0.0.1', port: 3000 },
      http: {
        publicUrl: null,
        trustedProxies: [],
        corsOrigins: [],
        jsonBodyBytes: MIB,
        bodyIdleMs: 30_000,
        shutdownMs: 20_000,
      },
      log: { level: 'info', pretty: true },
      dataDirectory: path.resolve('data'),
      uploadsDirectory: path.resolve('uploads'),
      syncUploads: true,
      tokens: { secret: null, accessSeconds: 600, refreshMs: 30 * 24 * HOUR },
      uploads: {
        maxFileBytes: 50 * GIB,
        maxFormFileBytes: 100 * MIB,
        chunkBytes: 5 * MIB,
        minChunkBytes: 64 * KIB,
        maxChunkBytes: 64 * MIB,
        waitMs: 24 * HOUR,
        maxOpen: 1000,
        quotaBytes: 0,
        freeSpaceBytes: 256 * MIB,
        instant: 'own',
        blobGraceMs: HOUR,
      },
    });
  });

  it('that are empty are not set', () => {
    const empty = Object.fromEntries(Object.keys(settings.shape).map((key) => [key, '']));
    expect(readConfig(empty)).toEqual(readConfig({}));
  });

  it('that nobody knows are left alone', () => {
    expect(readConfig({ PATH: '/bin', PORTS: 'x', port: 'x' })).toEqual(readConfig({}));
  });

  it('do not depend on the environment of this process', () => {
    const before = process.env.PORT;
    process.env.PORT = '4321';
    try {
      expect(readConfig({}).listen.port).toBe(3000);
    } finally {
      if (before === undefined) delete process.env.PORT;
      else process.env.PORT = before;
    }
  });

  it.each([
    ['0', 0],
    ['4096', 4096],
    ['4096B', 4096],
    ['512KiB', 512 * KIB],
    ['512kib', 512 * KIB],
    ['5MiB', 5 * MIB],
    ['5 MiB', 5 * MIB],
    [' 5MiB ', 5 * MIB],
    ['50GiB', 50 * GIB],
    ['2TiB', 2048 * GIB],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ])('read %j as so many bytes', (text, count) => {
    expect(readConfig({ USER_QUOTA_BYTES: text }).uploads.quotaBytes).toBe(count);
  });

  it.each([
    '5MB',
    '5M',
    '5.5MiB',
    '-1',
    '+1',
    '1e3',
    '0x10',
    'MiB',
    '5 MiB/s',
    '9007199254740992',
    '9999999TiB',
    '五',
  ])('do not read %j as bytes', (text) => {
    expect(complaints({ USER_QUOTA_BYTES: text })).toEqual([
      'USER_QUOTA_BYTES should be a number of bytes such as 5MiB, at least 0',
    ]);
  });

  it.each([
    ['JSON_BODY_BYTES', '1023', 'JSON_BODY_BYTES should be a number of bytes such as 5MiB, at least 1024'],
    ['MAX_FILE_BYTES', '0', 'MAX_FILE_BYTES should be a number of bytes such as 5MiB, at least 1'],
    ['PORT', '65536', 'PORT should be a whole number from 0 to 65535'],
    ['PORT', '-1', 'PORT should be a whole number from 0 to 65535'],
    ['PORT', '80.5', 'PORT should be a whole number from 0 to 65535'],
    ['PORT', ' 80', 'PORT should be a whole number from 0 to 65535'],
    ['PORT', 'http', 'PORT should be a whole number from 0 to 65535'],
    ['PORT', '١٢٣', 'PORT should be a whole number from 0 to 65535'],
    ['ACCESS_TOKEN_SECONDS', '9', 'ACCESS_TOKEN_SECONDS should be a whole number from 10 to 86400'],
    ['REFRESH_TOKEN_DAYS', '0', 'REFRESH_TOKEN_DAYS should be a whole number from 1 to 365'],
    ['BODY_IDLE_SECONDS', '0', 'BODY_IDLE_SECONDS should be a whole number from 1 to 3600'],
    ['MAX_OPEN_UPLOADS', '0', 'MAX_OPEN_UPLOADS should be a whole number from 1 to 1000000'],
    ['NODE_ENV', 'prod', 'NODE_ENV .*"development"\\|"production"\\|"test"'],
    [
      'LOG_LEVEL',
      'verbose',
      'LOG_LEVEL .*"fatal"\\|"error"\\|"warn"\\|"info"\\|"debug"\\|"trace"\\|"silent"',
    ],
    ['LOG_FORMAT', 'xml', 'LOG_FORMAT .*"auto"\\|"pretty"\\|"json"'],
    ['INSTANT_UPLOAD', 'yes', 'INSTANT_UPLOAD .*"own"\\|"proof"\\|"off"'],
    ['JWT_SECRET', 'x'.repeat(31), 'JWT_SECRET should have at least 32 characters'],
    [
      'PUBLIC_URL',
      'files.example.com',
      'PUBLIC_URL should be an http or https URL such as https://files.example.com',
    ],
    [
      'PUBLIC_URL',
      'ftp://files.example.com',
      'PUBLIC_URL should be an http or https URL such as https://files.example.com',
    ],
    [
      'PUBLIC_URL',
      'javascript:alert(1)',
      'PUBLIC_URL should be an http or https URL such as https://files.example.com',
    ],
    [
      'PUBLIC_URL',
      'https://user:pw@files.example.com',
      'PUBLIC_URL should have neither credentials nor a query',
    ],
    [
      'PUBLIC_URL',
      'https://files.example.com/?a=b',
      'PUBLIC_URL should have neither credentials nor a query',
    ],
    [
      'TRUSTED_PROXIES',
      'nginx',
      'TRUSTED_PROXIES should be addresses or networks such as 127.0.0.1 or 10.0.0.0/8, separated by commas',
    ],
    ['TRUSTED_PROXIES', '127.0.0.1 10.0.0.1', 'TRUSTED_PROXIES should be addresses or networks'],
    ['TRUSTED_PROXIES', '999.0.0.1', 'TRUSTED_PROXIES should be addresses or networks'],
    ['TRUSTED_PROXIES', 'abc.def', 'TRUSTED_PROXIES should be addresses or networks'],
    ['TRUSTED_PROXIES', '10.0.0.0/33', 'TRUSTED_PROXIES should be addresses or networks'],
    ['TRUSTED_PROXIES', '::1/129', 'TRUSTED_PROXIES should be addresses or networks'],
    ['TRUSTED_PROXIES', '10.0.0.0/', 'TRUSTED_PROXIES should be addresses or networks'],
    ['TRUSTED_PROXIES', 'fe80::1%eth0', 'TRUSTED_PROXIES should be addresses or networks'],
    [
      'CORS_ORIGINS',
      '*',
      'CORS_ORIGINS should be origins such as https://app.example.com, separated by commas',
    ],
    ['CORS_ORIGINS', 'null', 'CORS_ORIGINS should be origins'],
    ['CORS_ORIGINS', 'app.example.com', 'CORS_ORIGINS should be origins'],
    ['CORS_ORIGINS', 'https://app.example.com/', 'CORS_ORIGINS should be origins'],
    ['CORS_ORIGINS', 'https://*.example.com/path', 'CORS_ORIGINS should be origins'],
    ['CORS_ORIGINS', 'https://app.example.com:443', 'CORS_ORIGINS should be origins'],
    ['DOWNLOAD_BYTES_PER_SECOND', 'fast', 'DOWNLOAD_BYTES_PER_SECOND should be a number of bytes'],
    ['ACCEL_REDIRECT', '/_ferry-blobs', 'ACCEL_REDIRECT should be a path such as /_ferry-blobs/'],
    ['ACCEL_REDIRECT', '_ferry-blobs/', 'ACCEL_REDIRECT should be a path such as /_ferry-blobs/'],
    ['ACCEL_REDIRECT', '/', 'ACCEL_REDIRECT should be a path such as /_ferry-blobs/'],
    ['ACCEL_REDIRECT', '/a b/', 'ACCEL_REDIRECT should be a path such as /_ferry-blobs/'],
    ['ACCEL_REDIRECT', '/_ferry-blobs/', 'ACCEL_REDIRECT is of use only with TRUSTED_PROXIES'],
  ])('name what is wrong with %s=%s', (key, value, message) => {
    expect(complaints({ [key]: value })).toEqual([
      expect.stringMatching(new RegExp(`^${message}`)) as string,
    ]);
  });

  it.each(['JWT_SECRET', 'PUBLIC_URL'])('do not repeat a secret: %s', (key) => {
    expect(complaints({ [key]: 'hunter2' }).join()).not.toContain('hunter2');
  });

  it('are all checked at once', () => {
    const lines = complaints({ PORT: 'x', MAX_FILE_BYTES: 'x', NODE_ENV: 'x' });
    expect(lines.map((line) => line.split(' ')[0]).sort()).toEqual(['MAX_FILE_BYTES', 'NODE_ENV', 'PORT']);
  });

  it.each([
    [{ CHUNK_BYTES: '32KiB' }],
    [{ CHUNK_BYTES: '65MiB' }],
    [{ MIN_CHUNK_BYTES: '6MiB' }],
    [{ MAX_CHUNK_BYTES: '4MiB' }],
  ])('have to fit each other: %j', (environment) => {
    expect(complaints(environment)).toEqual([
      'CHUNK_BYTES should lie between MIN_CHUNK_BYTES and MAX_CHUNK_BYTES',
    ]);
  });

  it('hand bytes to a proxy or hold them back, but not both', () => {
    const accel = { ACCEL_REDIRECT: '/_ferry-blobs/', TRUSTED_PROXIES: '127.0.0.1' };
    expect(readConfig(accel).http.accelRedirect).toBe('/_ferry-blobs/');
    expect(complaints({ ...accel, DOWNLOAD_BYTES_PER_SECOND: '1MiB' })).toEqual([
      'ACCEL_REDIRECT cannot go with DOWNLOAD_BYTES_PER_SECOND: nginx knows no budget of a user',
    ]);
  });

  it.each([
    ['127.0.0.1', ['127.0.0.1']],
    ['10.0.0.0/8, ::1,2001:db8::/32', ['10.0.0.0/8', '::1', '2001:db8::/32']],
    [' 127.0.0.1 ,, ', ['127.0.0.1']],
  ])('read a list: %j', (text, items) => {
    expect(readConfig({ TRUSTED_PROXIES: text }).http.trustedProxies).toEqual(items);
  });

  it.each([
    ['https://files.example.com', 'https://files.example.com'],
    ['https://files.example.com/', 'https://files.example.com'],
    ['https://example.com/ferry//', 'https://example.com/ferry'],
    ['http://[::1]:3000', 'http://[::1]:3000'],
  ])('read the public address %s', (text, url) => {
    expect(readConfig({ PUBLIC_URL: text }).http.publicUrl).toBe(url);
  });

  it.each([
    [{}, true],
    [{ NODE_ENV: 'production' }, false],
    [{ NODE_ENV: 'production', LOG_FORMAT: 'pretty' }, true],
    [{ LOG_FORMAT: 'json' }, false],
  ])('log for people or for machines: %j', (environment, pretty) => {
    expect(readConfig(environment).log.pretty).toBe(pretty);
  });

  it('never end in anything but a complaint, whatever they are', () => {
    const hostile = [
      '\u0000',
      '💥',
      '-1',
      '1e999',
      'x'.repeat(100_000),
      '../../etc/passwd',
      '__proto__',
      '[]',
      'true',
      ',',
    ];
    for (const key of Object.keys(settings.shape)) {
      for (const value of hostile) {
        for (const line of complaints({ [key]: value })) {
          expect(line).toMatch(/^[A-Z][A-Z0-9_]+ \S/);
          expect(line.length).toBeLessThan(300);
        }
      }
    }
  });
});
