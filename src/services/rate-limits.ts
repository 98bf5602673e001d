import { createHash } from 'node:crypto';
import { RateLimiterRes } from 'rate-limiter-flexible';
import { Unavailable } from '../errors';
import type { LimiterFactory } from '../models/limiters';
import { networkOf } from './network-of';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Seconds between two guesses at most, so that the owner gets their turn, too. */
const LONGEST_GAP = MINUTE;
/** How long an address from which the user signed in is not slowed down by what others guess. */
const KNOWN_SECONDS = 14 * DAY;

/** How many calls one address, or one user, may make. */
export interface RateLimitSettings {
  /** Sign-ins by password, within 15 minutes. */
  signIn: number;
  /** Wrong passwords for one user, within 15 minutes. */
  guesses: number;
  /** New users, within an hour. */
  register: number;
  /** Refreshes of tokens, within 15 minutes. */
  refresh: number;
  /** Sign-ins by WeChat, within 15 minutes. */
  wechat: number;
  /** QR codes, within a minute. */
  qr: number;
  /** Documents and comments that one user writes or changes, within a minute. */
  writing: number;
}

/** Where a client stands with one of the limits. */
export interface Allowance {
  /** Names the limit. */
  name: string;
  /** Calls within `window` seconds. */
  quota: number;
  window: number;
  /** Whether this call may go on. */
  allowed: boolean;
  remaining: number;
  /** Seconds until the count starts anew, or for a call that is refused, until it may be made. */
  resetSeconds: number;
}

/** A limit by address. */
export interface AddressLimit {
  /** Counts a call. @throws `Unavailable` when nothing counts */
  take(address: string): Promise<Allowance>;
}

/** A limit by user. */
export interface UserLimit {
  /** Counts a call. @throws `Unavailable` when nothing counts */
  take(userId: string): Promise<Allowance>;
}

/** A guess at a user's password. Until it is known better it counts as a wrong one. */
export interface Guess {
  /** One that is not allowed says that the password may not be looked at; then nothing is to be told here. */
  allowances: Allowance[];
  /** It was right. @throws `Unavailable` */
  right(): Promise<void>;
  /** Nobody looked whether it was right. @throws `Unavailable` */
  withdraw(): Promise<void>;
}

export interface RateLimits {
  signIn: AddressLimit;
  register: AddressLimit;
  refresh: AddressLimit;
  wechat: AddressLimit;
  qr: AddressLimit;
  writing: UserLimit;
  /** @param user any name of the user that is always the same @throws `Unavailable` when nothing counts */
  guess(user: string, address: string): Promise<Guess>;
}

export function createRateLimits(settings: RateLimitSettings, makeLimiter: LimiterFactory): RateLimits {
  const byAddress = (name: string, quota: number, window: number): AddressLimit => {
    const counter = createCounter(name, quota, window, makeLimiter);
    return { take: (address) => counter.take(networkOf(address)) };
  };
  return {
    signIn: byAddress('sign-in', settings.signIn, 15 * MINUTE),
    register: byAddress('register', settings.register, HOUR),
    refresh: byAddress('refresh', settings.refresh, 15 * MINUTE),
    wechat: byAddress('wechat', settings.wechat, 15 * MINUTE),
    qr: byAddress('qr', settings.qr, MINUTE),
    writing: createCounter('writing', settings.writing, MINUTE, makeLimiter),
    guess: createGuessing(settings.guesses, makeLimiter),
  };
}

/**
 * Wrong guesses count for (user, address), and that is the end for this address for a while. For the user they count
 * whatever the address: twice as many within an hour, and guesses have to keep a growing distance, except from where the user has signed in
 * before: somebody who guesses from a thousand addresses is slowed down and cannot lock the owner out.
 */
function createGuessing(most: number, makeLimiter: LimiterFactory): RateLimits['guess'] {
  const pairs = createCounter('guesses', most, 15 * MINUTE, makeLimiter);
  const free = 2 * most;
  const users = createCounter('guesses-of-user', free, HOUR, makeLimiter);
  const gaps = createCounter('guesses-gap', 1, LONGEST_GAP, makeLimiter);
  const known = createCounter('guesses-known', 1, KNOWN_SECONDS, makeLimiter);

  /** @returns a refusal when it is too early for another guess of this user's password */
  async function slowDown(user: string): Promise<Allowance | null> {
    const { count } = await users.count(user);
    if (count <= free) return null;
    const gap = Math.min(2 ** (count - free - 1), LONGEST_GAP);
    const turn = await gaps.take(user, gap);
    if (turn.allowed) return null;
    await users.giveBack(user);
    return { ...turn, name: 'guesses-of-user', quota: free, window: HOUR };
  }

  return async function guess(name, address) {
    // Names are as long as a client likes, keys are not.
    const user = createHash('sha256').update(name).digest('base64url');
    const pair = `${user}@${networkOf(address)}`;
    const allowance = await pairs.take(pair);
    const isKnown = allowance.allowed && (await known.has(pair));
    const refusal = allowance.allowed && !isKnown ? await slowDown(user) : null;
    if (refusal) await pairs.giveBack(pair);
    const giveBackToUser = async () => {
      if (!isKnown) await users.giveBack(user);
    };
    return {
      allowances: refusal ? [allowance, refusal] : [allowance],
      async right() {
        await Promise.all([pairs.forget(pair), giveBackToUser(), known.put(pair)]);
      },
      async withdraw() {
        await Promise.all([pairs.giveBack(pair), giveBackToUser()]);
      },
    };
  };
}

/** A limiter whose refusals are answers, and whose failures close the gate. */
function createCounter(name: string, quota: number, window: number, makeLimiter: LimiterFactory) {
  const limiter = makeLimiter({ keyPrefix: `limit.${name}`, points: quota, duration: window });

  /** @param seconds how long a count that begins now lasts */
  async function consume(key: string, seconds: number): Promise<{ allowed: boolean; at: RateLimiterRes }> {
    try {
      return { allowed: true, at: await limiter.consume(key, 1, { customDuration: seconds }) };
    } catch (thrown) {
      if (thrown instanceof RateLimiterRes) return { allowed: false, at: thrown };
      throw closed(thrown);
    }
  }

  async function reached<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (thrown) {
      throw closed(thrown);
    }
  }

  return {
    async take(key: string, seconds = window): Promise<Allowance> {
      const { allowed, at } = await consume(key, seconds);
      const resetSeconds = Math.max(1, Math.ceil(at.msBeforeNext / 1000));
      return { name, quota, window, allowed, remaining: Math.max(0, at.remainingPoints), resetSeconds };
    },
    /** Counts beyond the quota, too. */
    async count(key: string): Promise<{ count: number }> {
      const { at } = await consume(key, window);
      return { count: at.consumedPoints };
    },
    async giveBack(key: string): Promise<void> {
      await reached(limiter.reward(key, 1));
    },
    async forget(key: string): Promise<void> {
      await reached(limiter.delete(key));
    },
    async has(key: string): Promise<boolean> {
      return (await reached(limiter.get(key))) !== null;
    },
    async put(key: string): Promise<void> {
      await reached(limiter.set(key, 1, window));
    },
  };
}

function closed(cause: unknown): Unavailable {
  return new Unavailable('Requests cannot be counted right now; try again in a moment.', cause);
}
