import { openRedisKeyValue } from '../../src/models/keyvalue/redis';
import { keyvalueContract } from '../contract/keyvalue.contract';
import { leaseContract } from '../contract/lease.contract';
import { freshPrefix, redisServerUrl } from '../support/redis';

const open = () => openRedisKeyValue({ url: redisServerUrl(), prefix: freshPrefix() });

keyvalueContract('Redis', open);
leaseContract('Redis', open);

describe('Redis: key-value', () => {
  it('keeps what has another prefix apart', async () => {
    const [one, two] = [await open(), await open()];
    try {
      await one.set('key', 'value');
      await expect(two.get('key')).resolves.toBeNull();
    } finally {
      await Promise.all([one.close(), two.close()]);
    }
  });

  it('refuses a sum that is not exact, and leaves the number', async () => {
    const store = await open();
    try {
      await store.increment('key', Number.MAX_SAFE_INTEGER, 60_000);
      await expect(store.increment('key', 1, 60_000)).rejects.toThrow('too large');
      await expect(store.get('key')).resolves.toBe(String(Number.MAX_SAFE_INTEGER));
    } finally {
      await store.close();
    }
  });
});
