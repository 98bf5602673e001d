import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible';
import { connect, type RedisPlace } from '../redis/connection';
import type { Limiters } from './index';

/**
 * Limiters that all processes share. While Redis does not answer each process counts for itself, from zero and up to
 * the same limits: the gate is never open, and nobody is locked out by the outage. What a process counted meanwhile does
 * not count for the others later.
 * @throws TypeError for a URL that is none
 */
export async function openRedisLimiters(place: RedisPlace): Promise<Limiters> {
  const redis = await connect(place, 'The counter of calls');
  return {
    make: ({ keyPrefix, ...options }) =>
      new RateLimiterRedis({
        ...options,
        keyPrefix: `${place.prefix}${keyPrefix}`,
        storeClient: redis.client,
        rejectIfRedisNotReady: true,
        insuranceLimiter: new RateLimiterMemory({ ...options, keyPrefix }),
      }),
    close: () => redis.close(),
  };
}
