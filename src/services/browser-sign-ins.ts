import type { SignInRecord, SqlStore } from '../models/sql';
import { newId } from './ids';
import type { Clock } from './runtime';
import { refuseSuspended } from './sign-ins';
import type { Principal, Tokens } from './tokens';

const DAY_MS = 24 * 60 * 60 * 1000;
/** A browser that stays away for so long is signed out. */
const IDLE_MS = 14 * DAY_MS;
/** However busy it is, it signs in again after so long. */
const LONGEST_MS = 90 * DAY_MS;
/** The lifetime is written when it has become so much shorter than it could be: not with every request. */
const RENEWED_AFTER_MS = DAY_MS;

/** What the session of a browser holds. */
export interface HeldSignIn {
  signInId: string;
  /** The user's epoch at the sign-in. */
  epoch: number;
}

/** A sign-in that is alive. */
export interface AliveSignIn {
  principal: Principal;
  createdAt: Date;
  expiresAt: Date;
}

interface BrowserSignInsOptions {
  sql: SqlStore;
  tokens: Pick<Tokens, 'signOut'>;
  now: Clock;
}

/**
 * Sign-ins of browsers. Whether one is alive is said by its row and by the user's epoch, never by the session that
 * points to it: a session that a slow request writes back after a sign-out is dead all the same.
 */
export class BrowserSignIns {
  constructor(private readonly options: BrowserSignInsOptions) {}

  /**
   * Starts a sign-in.
   * @returns what the session is to hold, and for how many milliseconds
   * @throws `Forbidden` for a user who may not
   */
  async begin(userId: string, userAgent: string | null): Promise<{ held: HeldSignIn; lifetimeMs: number }> {
    const { sql, now } = this.options;
    const user = await sql.users.find(userId);
    if (!user) throw new Error(`the user ${userId} signs in, but does not exist`);
    refuseSuspended(user);
    const createdAt = now();
    const signIn: SignInRecord = {
      id: newId(),
      userId,
      kind: 'browser',
      currentHash: null,
      chainKey: null,
      rotations: 0,
      rotatedAt: null,
      userAgent: userAgent?.slice(0, 255) ?? null,
      createdAt,
      expiresAt: new Date(createdAt.getTime() + IDLE_MS),
      endedAt: null,
    };
    await sql.signIns.insert(signIn);
    return { held: { signInId: signIn.id, epoch: user.epoch }, lifetimeMs: IDLE_MS };
  }

  /** @returns null when the sign-in has ended or expired */
  async authenticate({ signInId, epoch }: HeldSignIn): Promise<AliveSignIn | null> {
    const { sql, now } = this.options;
    const signIn = await sql.signIns.find(signInId);
    if (signIn?.kind !== 'browser' || signIn.endedAt || signIn.expiresAt <= now()) return null;
    const user = await sql.users.find(signIn.userId);
    if (user?.epoch !== epoch) return null;
    const { createdAt, expiresAt } = signIn;
    return { principal: { userId: user.id, signInId, roles: user.roles }, createdAt, expiresAt };
  }

  /**
   * Puts the expiry off, at most once a day.
   * @returns the new lifetime in milliseconds; null when nothing is to be written
   */
  async prolong({ principal, createdAt, expiresAt }: AliveSignIn): Promise<number | null> {
    const { sql, now } = this.options;
    const at = now().getTime();
    const until = Math.min(at + IDLE_MS, createdAt.getTime() + LONGEST_MS);
    if (until - expiresAt.getTime() < RENEWED_AFTER_MS) return null;
    return (await sql.signIns.prolong(principal.signInId, new Date(until))) ? until - at : null;
  }

  async end({ signInId }: Pick<HeldSignIn, 'signInId'>): Promise<void> {
    await this.options.tokens.signOut({ signInId }, undefined);
  }
}
