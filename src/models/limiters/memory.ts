import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { LimiterFactory, Limiters } from './index';

/** Limiters that count in this process. */
export const limitersInMemory: LimiterFactory = (options) => new RateLimiterMemory(options);

export function openMemoryLimiters(): Limiters {
  return { make: limitersInMemory, close: () => Promise.resolve() };
}
