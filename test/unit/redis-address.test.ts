import { readConfig } from '../../src/config';
import { locationOf, parseRedisUrl } from '../../src/models/redis/address';

const PLAIN = {
  kind: 'server',
  nodes: [{ host: '127.0.0.1', port: 6379 }],
  tls: false,
  username: null,
  password: null,
  master: '',
  database: 0,
  sentinelUsername: null,
  sentinelPassword: null,
};

describe('the address of Redis', () => {
  it.each<[string, object, string]>([
    ['redis://127.0.0.1', {}, 'redis://127.0.0.1:6379/0'],
    ['redis://127.0.0.1/', {}, 'redis://127.0.0.1:6379/0'],
    ['redis://127.0.0.1:6379/3', { database: 3 }, 'redis://127.0.0.1:6379/3'],
    ['redis://:p%40ss@127.0.0.1', { password: 'p@ss' }, 'redis://127.0.0.1:6379/0'],
    ['redis://ferry:a:b@127.0.0.1', { username: 'ferry', password: 'a:b' }, 'redis://127.0.0.1:6379/0'],
    [
      'rediss://redis.example:7000/1',
      { tls: true, nodes: [{ host: 'redis.example', port: 7000 }], database: 1 },
      'rediss://redis.example:7000/1',
    ],
    ['redis://[::1]:7000', { nodes: [{ host: '::1', port: 7000 }] }, 'redis://[::1]:7000/0'],
    [
      'redis-sentinel://:secret@one,two:7000/mymaster/2?sentinelPassword=other',
      {
        kind: 'sentinel',
        nodes: [
          { host: 'one', port: 26379 },
          { host: 'two', port: 7000 },
        ],
        password: 'secret',
        master: 'mymaster',
        database: 2,
        sentinelPassword: 'other',
      },
      'redis-sentinel://one:26379,two:7000/mymaster/2',
    ],
    [
      'rediss-cluster://one,two:7000',
      {
        kind: 'cluster',
        tls: true,
        nodes: [
          { host: 'one', port: 6379 },
          { host: 'two', port: 7000 },
        ],
      },
      'rediss-cluster://one:6379,two:7000',
    ],
  ])('is read, and told without secrets: %s', (url, expected, location) => {
    const address = parseRedisUrl(url);
    expect(address).toEqual({ ...PLAIN, ...expected });
    expect(locationOf(address!)).toBe(location);
  });

  it.each([
    '',
    'localhost:6379',
    'http://127.0.0.1',
    'redis://',
    'redis://127.0.0.1:0',
    'redis://127.0.0.1:65536',
    'redis://127.0.0.1/name',
    'redis://127.0.0.1/1/2',
    'redis://127.0.0.1?db=1',
    'redis://one,two',
    'redis://ferry@127.0.0.1',
    'redis://ferry:@127.0.0.1',
    'redis://:%zz@127.0.0.1',
    'redis://:a@b@127.0.0.1',
    'redis://[1:2',
    'redis://[1.2.3.4]',
    'redis-sentinel://one,two',
    'redis-sentinel://one,,two/master',
    'redis-sentinel://one/master?password=x',
    'redis-cluster://one,two/1',
    'redis-ring://one',
  ])('is refused rather than guessed: %s', (url) => {
    expect(parseRedisUrl(url)).toBeNull();
  });

  it('is a setting, whose error does not tell it', () => {
    expect(readConfig({})).toMatchObject({ redis: null });
    expect(readConfig({ REDIS_URL: 'redis://h', REDIS_PREFIX: 'a:' })).toMatchObject({
      redis: { url: 'redis://h', prefix: 'a:' },
    });
    const wrong = () => readConfig({ REDIS_URL: 'redis://:hunter2@h/x' });
    expect(wrong).toThrow(/^REDIS_URL should be a URL such as redis:/);
    expect(wrong).not.toThrow(/hunter2/);
    expect(() => readConfig({ REDIS_PREFIX: 'a{b' })).toThrow(/^REDIS_PREFIX should/);
  });
});
