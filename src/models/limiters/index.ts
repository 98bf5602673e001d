import type { RateLimiterAbstract } from 'rate-limiter-flexible';

/** What is used of the limiters of rate-limiter-flexible. */
export type Limiter = Pick<
  RateLimiterAbstract,
  'points' | 'duration' | 'consume' | 'reward' | 'delete' | 'get' | 'set'
>;

/** Makes a limiter of so many points within so many seconds. */
export type LimiterFactory = (options: { keyPrefix: string; points: number; duration: number }) => Limiter;

/** Where calls are counted. */
export interface Limiters {
  readonly make: LimiterFactory;
  close(): Promise<void>;
}
