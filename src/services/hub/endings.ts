/** Why the server ends a connection. */
export type Ending =
  /** The client did what the protocol does not know. */
  | 'protocol'
  /** The sign-in has ended. */
  | 'revoked'
  /** The access token has expired, and no other one came. */
  | 'expired'
  /** A topic of a stream may no longer be read. */
  | 'unreadable'
  /** It asked for more than the server does for one client. */
  | 'flooding'
  /** It did not take what it was sent. */
  | 'slow'
  /** It does not answer any more. */
  | 'dead'
  /** A store was not there. */
  | 'unavailable'
  /** The server stops. */
  | 'restart'
  /** It lasted as long as a stream should. */
  | 'rotated'
  /** The client went. */
  | 'left';

/** Whether a client should come back by itself: not with the same credentials, after a while, or at once. */
export type ComeBack = 'never' | 'later' | 'now';

export const comeBack: Record<Ending, ComeBack> = {
  protocol: 'never',
  revoked: 'never',
  expired: 'never',
  unreadable: 'never',
  flooding: 'later',
  slow: 'later',
  dead: 'later',
  unavailable: 'later',
  restart: 'now',
  rotated: 'now',
  left: 'now',
};
