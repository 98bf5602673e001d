import { connect, RedisScript, type RedisConnection, type RedisPlace } from '../redis/connection';
import type { KeyValueStore, SetOptions } from './index';
import { wholeLifetime } from './lifetime';

const KEEP_LIFETIME = 'keep';
const REMOVE = 'remove';

/** Key; expected value, next value, and its lifetime in ms or what else to do. */
const COMPARE_AND_SET = new RedisScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[3] == '${REMOVE}' then redis.call('DEL', KEYS[1])
elseif ARGV[3] == '${KEEP_LIFETIME}' then redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return 1
`);

/** Key; what to add, lifetime in ms. Beyond 2^53 numbers of JavaScript are not exact. */
const INCREMENT = new RedisScript(`
local isNew = redis.call('EXISTS', KEYS[1]) == 0
local sum = redis.call('INCRBY', KEYS[1], ARGV[1])
if sum > 9007199254740991 or sum < -9007199254740991 then
  redis.call('DECRBY', KEYS[1], ARGV[1])
  return redis.error_reply('ERR the sum is too large')
end
if isNew then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return sum
`);

class RedisKeyValue implements KeyValueStore {
  readonly form = 'Redis';
  readonly location: string;

  constructor(
    private readonly redis: RedisConnection,
    private readonly prefix: string,
  ) {
    this.location = redis.location;
  }

  ping(): Promise<void> {
    return this.redis.ping();
  }

  close(): Promise<void> {
    return this.redis.close();
  }

  get(key: string): Promise<string | null> {
    return this.redis.run((client) => client.get(this.place(key)));
  }

  async set(key: string, value: string, { ttlMs, only }: SetOptions = {}): Promise<boolean> {
    const options = ttlMs === undefined ? [] : ['PX', wholeLifetime(ttlMs)];
    if (only) options.push(only === 'if-absent' ? 'NX' : 'XX');
    const answer = await this.redis.run((client) => client.call('SET', this.place(key), value, ...options));
    return answer === 'OK';
  }

  async compareAndSet(key: string, expected: string, next: string | null, ttlMs?: number): Promise<boolean> {
    const lifetime = ttlMs === undefined ? KEEP_LIFETIME : wholeLifetime(ttlMs);
    const args = [expected, next ?? '', next === null ? REMOVE : lifetime];
    return (await this.redis.eval(COMPARE_AND_SET, [this.place(key)], args)) === 1;
  }

  async delete(key: string): Promise<boolean> {
    return (await this.redis.run((client) => client.del(this.place(key)))) === 1;
  }

  async increment(key: string, by: number, ttlMs: number): Promise<number> {
    if (!Number.isSafeInteger(by)) throw new RangeError(`${by} cannot be added to ${key}`);
    return Number(await this.redis.eval(INCREMENT, [this.place(key)], [by, wholeLifetime(ttlMs)]));
  }

  async timeToLive(key: string): Promise<number | null> {
    const left = await this.redis.run((client) => client.pttl(this.place(key)));
    return left < 0 ? null : left;
  }

  private place(key: string): string {
    return `${this.prefix}kv:${key}`;
  }
}

/**
 * The key-value store of several machines: Redis 6.2 or later, also behind Sentinels or as a cluster, since no call has
 * more than one key. It need not answer yet. Every call is one command or one script, and settles within a few seconds.
 * A call that rejects with `Unavailable` may have been done all the same, as with any store whose answer gets lost.
 *
 * Leases are as good as Redis keeps what it acknowledged. A server that lost its memory, and a replica that took over
 * before it had the last writes, give away a lease that somebody still holds; that one learns of it with the next
 * renewal, at a third of the lifetime. So what is done under a lease is guarded once more where it is written.
 * @throws TypeError for a URL that is none
 */
export async function openRedisKeyValue(place: RedisPlace): Promise<KeyValueStore> {
  return new RedisKeyValue(await connect(place, 'The key-value store'), place.prefix);
}
