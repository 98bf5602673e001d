import { createHash, createHmac, randomBytes } from 'node:crypto';
import { InvalidGrant, InvalidToken, NotFound } from '../errors';
import type { Role, SignInRecord, SqlStore } from '../models/sql';
import type { AccessTokens } from './access-tokens';
import type { EventPublisher } from './events';
import { newId } from './ids';
import type { Clock } from './runtime';
import type { Keys } from './secrets';

/** A client that lost the answer to its refresh may ask again for so long. */
const GRACE_MS = 20_000;
/** How far back a refresh token is recognised as one that was used before. */
const MOST_STEPS_BACK = 5000;

/** Who is asking. */
export interface Principal {
  userId: string;
  /** The sign-in that the credentials belong to. */
  signInId: string;
  roles: Role[];
}

export interface IssuedTokens {
  userId: string;
  accessToken: string;
  /** Seconds. */
  expiresIn: number;
  refreshToken: string;
  /** Seconds. */
  refreshExpiresIn: number;
}

interface TokensOptions {
  sql: SqlStore;
  events: EventPublisher;
  accessTokens: AccessTokens;
  keys: Keys;
  refreshMs: number;
  now: Clock;
}

/**
 * Sign-ins of programs: a short-lived access token, and a chain of refresh tokens of which one at a time is good.
 * A refresh token is `<sign-in id>.<256 bits>`. Each is derived from the one before, so that the successor can be given
 * again although only a digest is stored, and so that any earlier one proves itself by leading to the current one.
 */
export class Tokens {
  constructor(private readonly options: TokensOptions) {}

  /** Starts a sign-in. */
  async signIn(userId: string, userAgent: string | null): Promise<IssuedTokens> {
    const { sql, now, refreshMs } = this.options;
    const secret = randomBytes(32).toString('base64url');
    const at = now();
    const signIn: SignInRecord = {
      id: newId(),
      userId,
      kind: 'tokens',
      currentHash: digestOf(secret),
      rotations: 0,
      rotatedAt: null,
      userAgent: userAgent?.slice(0, 255) ?? null,
      createdAt: at,
      expiresAt: new Date(at.getTime() + refreshMs),
      endedAt: null,
    };
    await sql.signIns.insert(signIn);
    return this.issue(signIn, secret);
  }

  /**
   * Rotates a refresh token. The one before gives the same successor for 20 s; after that its use, and at any time the
   * use of an earlier one, ends the sign-in, because somebody has a copy.
   * @throws `InvalidGrant`
   */
  async refresh(refreshToken: string): Promise<IssuedTokens> {
    const { signIn, secret } = await this.find(refreshToken);
    if (!signIn || signIn.endedAt || signIn.expiresAt <= this.options.now()) {
      throw new InvalidGrant('The refresh token is unknown, expired or ended.');
    }
    return (await this.rotate(signIn, secret)) ?? this.repeat(signIn.id, secret);
  }

  /** Ends the sign-in of the caller and that of the refresh token, where there is one. */
  async signOut(principal: Principal | null, refreshToken: string | undefined): Promise<void> {
    if (principal) await this.end(await this.options.sql.signIns.find(principal.signInId));
    if (refreshToken === undefined) return;
    const { signIn, secret } = await this.find(refreshToken);
    if (signIn && this.stepsToCurrent(signIn, secret) !== null) await this.end(signIn);
  }

  /** @throws `InvalidToken` */
  async authenticate(accessToken: string): Promise<Principal> {
    const { sql, accessTokens } = this.options;
    const claims = accessTokens.verify(accessToken);
    const [signIn, user] = await Promise.all([sql.signIns.find(claims.sid), sql.users.find(claims.sub)]);
    if (!signIn || !user || signIn.endedAt || signIn.userId !== user.id || user.epoch !== claims.epoch) {
      throw new InvalidToken('The sign-in of this access token has ended.');
    }
    return { userId: user.id, signInId: signIn.id, roles: user.roles };
  }

  /** The sign-ins of a user that are alive, newest first. */
  list(userId: string): Promise<SignInRecord[]> {
    return this.options.sql.signIns.listAlive(userId, this.options.now());
  }

  /** Ends one sign-in of a user. @throws `NotFound` */
  async endOne(userId: string, signInId: string): Promise<void> {
    const signIn = await this.options.sql.signIns.find(signInId);
    if (signIn?.userId !== userId || signIn.endedAt) throw new NotFound();
    await this.end(signIn);
  }

  /** Ends every sign-in of a user but one. */
  async endOthers({ userId, signInId }: Principal): Promise<void> {
    for (const signIn of await this.list(userId)) if (signIn.id !== signInId) await this.end(signIn);
  }

  private async find(refreshToken: string): Promise<{ signIn: SignInRecord | null; secret: string }> {
    const [, id = '', secret = ''] = /^([0-9a-z]{1,64})\.([\w-]{43})$/.exec(refreshToken) ?? [];
    return { signIn: await this.options.sql.signIns.find(id), secret };
  }

  /** @returns null when the token is not the current one, or no longer */
  private async rotate(signIn: SignInRecord, secret: string): Promise<IssuedTokens | null> {
    const { sql, now, refreshMs } = this.options;
    const successor = this.successorOf(secret);
    const at = now();
    const expiresAt = new Date(at.getTime() + refreshMs);
    const rotated = await sql.signIns.rotate(signIn.id, {
      from: digestOf(secret),
      to: digestOf(successor),
      rotations: signIn.rotations + 1,
      at,
      expiresAt,
    });
    return rotated ? this.issue({ ...signIn, expiresAt }, successor) : null;
  }

  /** The successor that was given before, if that was a moment ago; the end of the sign-in for any other used token. */
  private async repeat(signInId: string, secret: string): Promise<IssuedTokens> {
    const signIn = await this.options.sql.signIns.find(signInId);
    if (!signIn || signIn.endedAt) throw new InvalidGrant('The sign-in has ended.');
    const steps = this.stepsToCurrent(signIn, secret);
    if (steps === null) throw new InvalidGrant('The refresh token is unknown.');
    const age = this.options.now().getTime() - (signIn.rotatedAt?.getTime() ?? 0);
    if (steps === 1 && age <= GRACE_MS) return this.issue(signIn, this.successorOf(secret));
    await this.end(signIn);
    throw new InvalidGrant('The refresh token was used before; its sign-in has ended.');
  }

  /** How many rotations ago the token was the current one; null for one that never was. */
  private stepsToCurrent(signIn: SignInRecord, secret: string): number | null {
    let derived = secret;
    for (let steps = 0; steps <= Math.min(signIn.rotations, MOST_STEPS_BACK); steps += 1) {
      if (digestOf(derived) === signIn.currentHash) return steps;
      derived = this.successorOf(derived);
    }
    return null;
  }

  private async issue(signIn: SignInRecord, secret: string): Promise<IssuedTokens> {
    const { sql, accessTokens, now } = this.options;
    const user = await sql.users.find(signIn.userId);
    if (!user) throw new InvalidGrant('The user no longer exists.');
    return {
      userId: user.id,
      accessToken: accessTokens.sign({ sub: user.id, sid: signIn.id, epoch: user.epoch }),
      expiresIn: accessTokens.seconds,
      refreshToken: `${signIn.id}.${secret}`,
      refreshExpiresIn: Math.max(0, Math.floor((signIn.expiresAt.getTime() - now().getTime()) / 1000)),
    };
  }

  private successorOf(secret: string): string {
    return createHmac('sha256', this.options.keys.refreshToken).update(secret).digest('base64url');
  }

  private async end(signIn: SignInRecord | null): Promise<void> {
    const { sql, events, now } = this.options;
    if (!signIn || !(await sql.signIns.end(signIn.id, now()))) return;
    await events.publish(`user:${signIn.userId}`, 'session.revoked', { id: signIn.id });
  }
}

function digestOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
