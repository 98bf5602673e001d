import { ConfigError, readConfig } from '../../src/config';

const MIB = 1024 * 1024;
const S3_ENDPOINT = 'http://127.0.0.1:9000';

describe('settings of stores', () => {
  it('are of the embedded ones where nothing else is said', () => {
    expect(readConfig({})).toMatchObject({ databaseUrl: null, mongoUrl: null, redis: null, s3: null });
  });

  it('name a database', () => {
    const url = 'mysql://me:secret@db/ferry';
    expect(readConfig({ DATABASE_URL: url }).databaseUrl).toBe(url);
  });

  it('need nothing but the address of object storage', () => {
    expect(readConfig({ S3_ENDPOINT }).s3).toEqual({
      endpoint: S3_ENDPOINT,
      region: 'us-east-1',
      bucket: 'ferry',
      prefix: '',
      credentials: null,
      forcePathStyle: true,
    });
  });

  it('say more of object storage', () => {
    const more = {
      S3_ENDPOINT: 'https://s3.example.com',
      S3_REGION: 'eu-central-1',
      S3_BUCKET: 'my-files',
      S3_PREFIX: 'ferry/test/',
      S3_ACCESS_KEY_ID: 'id',
      S3_SECRET_ACCESS_KEY: 'secret',
      S3_FORCE_PATH_STYLE: '0',
    };
    expect(readConfig(more).s3).toEqual({
      endpoint: 'https://s3.example.com',
      region: 'eu-central-1',
      bucket: 'my-files',
      prefix: 'ferry/test/',
      credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
      forcePathStyle: false,
    });
  });

  it.each([
    [{}, 64 * 1024],
    [{ S3_ENDPOINT }, 5 * MIB],
    [{ S3_ENDPOINT, MIN_CHUNK_BYTES: '1MiB' }, MIB],
  ])('with %j give chunks of at least %d bytes', (environment, bytes) => {
    expect(readConfig(environment).uploads.minChunkBytes).toBe(bytes);
  });

  it.each<[Record<string, string>, string]>([
    [{ DATABASE_URL: 'postgres://me:a-secret@db/ferry' }, 'DATABASE_URL should be a URL such as mysql:'],
    [{ S3_ENDPOINT: '127.0.0.1:9000' }, 'S3_ENDPOINT should be an http or https URL'],
    [{ S3_ENDPOINT: 'https://me:a-secret@s3.example.com' }, 'S3_ENDPOINT should have neither credentials'],
    [{ S3_ENDPOINT, S3_BUCKET: 'Upper_Case' }, 'S3_BUCKET should be the name of a bucket'],
    [{ S3_ENDPOINT, S3_PREFIX: '/ferry' }, 'S3_PREFIX should be a path such as'],
    [{ S3_ENDPOINT, S3_PREFIX: 'ferry' }, 'S3_PREFIX should be a path such as'],
    [{ S3_ENDPOINT, S3_ACCESS_KEY_ID: 'id' }, 'S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY should be set both'],
    [{ S3_ENDPOINT, S3_FORCE_PATH_STYLE: 'yes' }, 'S3_FORCE_PATH_STYLE should be 0 or 1'],
    [
      { S3_ENDPOINT, ACCEL_REDIRECT: '/blobs/', TRUSTED_PROXIES: '127.0.0.1' },
      'ACCEL_REDIRECT cannot go with S3_ENDPOINT',
    ],
  ])('%j are refused', (environment, complaint) => {
    let message = '';
    try {
      readConfig(environment);
    } catch (error) {
      if (error instanceof ConfigError) message = error.message;
    }
    expect(message).toContain(complaint);
    expect(message).not.toContain('a-secret');
  });
});
