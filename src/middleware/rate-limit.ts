import { InvalidCredentials, RateLimited } from '../errors';
import { foldUsername } from '../services/accounts';
import type { AddressLimit, Allowance, RateLimits, UserLimit } from '../services/rate-limits';
import { signedIn } from './authenticate';
import type { Context, Middleware } from './context';

/** Lets an address call so often. */
export function limitByAddress(limit: AddressLimit): Middleware {
  return async function limitByAddress(ctx, next) {
    tell(ctx, [await limit.take(ctx.ip)]);
    return next();
  };
}

/** Lets a user call so often; goes after `signedIn`. */
export function limitByUser(limit: UserLimit): Middleware {
  return async function limitByUser(ctx, next) {
    tell(ctx, [await limit.take(signedIn(ctx).userId)]);
    return next();
  };
}

/**
 * Goes around a check of a password: counts it as wrong until the answer says otherwise.
 * @param userOf names the user whose password it is; null when the request names none, and is refused further in
 */
export function limitGuesses(
  limits: Pick<RateLimits, 'guess'>,
  userOf: (ctx: Context) => string | null,
): Middleware {
  return async function limitGuesses(ctx, next) {
    const user = userOf(ctx);
    if (user === null) return next();
    const guess = await limits.guess(user, ctx.ip);
    tell(ctx, guess.allowances);
    try {
      await next();
    } catch (error) {
      if (!(error instanceof InvalidCredentials)) await guess.withdraw();
      throw error;
    }
    return guess.right();
  };
}

/** Whose password a sign-in checks. Names that are one name to the accounts are one name here. */
export function userNamed(ctx: Context): string | null {
  const { username } = (ctx.request.body ?? {}) as { username?: unknown };
  return typeof username === 'string' && username.length <= 256 ? `name:${foldUsername(username)}` : null;
}

/** Whose password is checked where the user is signed in already. */
export function userSignedIn(ctx: Context): string {
  return `id:${signedIn(ctx).userId}`;
}

/**
 * Says where the client stands (draft-ietf-httpapi-ratelimit-headers-10 §3 and §4), next to what a limit before this one
 * said.
 * @throws `RateLimited`
 */
function tell(ctx: Context, allowances: Allowance[]): void {
  for (const { name, quota, window, remaining, resetSeconds } of allowances) {
    add(ctx, 'RateLimit-Policy', `"${name}";q=${quota};w=${window}`);
    add(ctx, 'RateLimit', `"${name}";r=${remaining};t=${resetSeconds}`);
  }
  const refusal = allowances.find(({ allowed }) => !allowed);
  if (!refusal) return;
  const { resetSeconds } = refusal;
  throw new RateLimited(`Too many attempts. Try again in ${describe(resetSeconds)}.`, resetSeconds);
}

/** A list on one line. */
function add(ctx: Context, field: string, member: string): void {
  const before = ctx.response.get(field);
  ctx.set(field, before === '' ? member : `${before}, ${member}`);
}

function describe(seconds: number): string {
  if (seconds < 60) return seconds === 1 ? 'a second' : `${seconds} seconds`;
  const minutes = Math.ceil(seconds / 60);
  return minutes === 1 ? 'a minute' : `${minutes} minutes`;
}
