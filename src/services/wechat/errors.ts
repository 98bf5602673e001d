import {
  Forbidden,
  InvalidGrant,
  RateLimited,
  Unavailable,
  UpstreamFailed,
  type FerryError,
} from '../../errors';

/** What went wrong at WeChat, as far as it makes a difference to us. */
export type WechatFault =
  'bad-code' | 'blocked' | 'too-often' | 'busy' | 'misconfigured' | 'stale-access-token' | 'unknown';

/** The global return codes of WeChat's server API that have a meaning here. */
const FAULTS: Readonly<Record<number, WechatFault>> = {
  // js_code is not valid, has been used, is missing.
  40029: 'bad-code',
  40163: 'bad-code',
  41008: 'bad-code',
  // A user of high risk; a user whose rights are restricted.
  40226: 'blocked',
  50002: 'blocked',
  // The quota of this user for a minute.
  45011: 'too-often',
  // System busy; the quota of our mini-program.
  [-1]: 'busy',
  45009: 'busy',
  // AppID not valid, AppSecret not valid, AppID missing, AppSecret missing.
  40013: 'misconfigured',
  40125: 'misconfigured',
  41002: 'misconfigured',
  41004: 'misconfigured',
  // Our address is not on the list, AppSecret is frozen, the API is not for this mini-program.
  40164: 'misconfigured',
  40243: 'misconfigured',
  48001: 'misconfigured',
  // The access token is not valid, not legal, expired.
  40001: 'stale-access-token',
  40014: 'stale-access-token',
  42001: 'stale-access-token',
};

/** @param errcode of an answer of WeChat, not 0 */
export function faultOf(errcode: number): WechatFault {
  return FAULTS[errcode] ?? 'unknown';
}

/** WeChat's number of the request, which its support asks for. */
export function ridOf(errmsg: string): string | null {
  return /\b(?:rid|req_id): ?([\w-]{1,64})/.exec(errmsg)?.[1] ?? null;
}

/** A call of WeChat that did not succeed. It is logged as the cause of what the client is told. */
export class WechatFailure extends Error {
  /** WeChat's number of the request. */
  readonly rid: string | null;

  constructor(
    readonly fault: WechatFault,
    message: string,
    /** Null when WeChat gave no answer that could be read. */
    readonly errcode: number | null = null,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'WechatFailure';
    this.rid = ridOf(message);
  }
}

/** What the client is told. Where the fault is ours, it learns no more than that. */
export function answerTo(fault: WechatFault, cause?: unknown): FerryError {
  switch (fault) {
    case 'bad-code':
      // Not 401: a client that refreshes its tokens on 401 would go round in circles.
      return new InvalidGrant('The code is not valid, has expired or was used. Get a new one from WeChat.', {
        cause,
      });
    case 'blocked':
      return new Forbidden('WeChat does not let this account sign in.', { cause });
    case 'too-often':
      return new RateLimited('WeChat lets this user sign in again in a minute.', 60);
    case 'busy':
    case 'stale-access-token':
      return new Unavailable('WeChat does not answer right now.', cause);
    case 'misconfigured':
    case 'unknown':
      return new UpstreamFailed('Signing in by WeChat does not work at present.', { cause });
  }
}
