import { createHash, createHmac, randomBytes } from 'node:crypto';
import { InvalidGrant, InvalidToken } from '../errors';
import type { RefreshFamilyRecord, Role, SqlStore } from '../models/sql';
import type { AccessTokens } from './access-tokens';
import type { EventPublisher } from './events';
import { newId } from './ids';
import type { Clock } from './runtime';
import type { Keys } from './secrets';

/** A client that lost the answer to its refresh may ask again for so long. */
const GRACE_MS = 20_000;

/** Who is asking. */
export interface Principal {
  userId: string;
  /** The sign-in that the access token belongs to. */
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

/** Sign-ins: a short-lived access token and a family of refresh tokens, of which one at a time is good. */
export class Tokens {
  constructor(private readonly options: TokensOptions) {}

  /** Starts a sign-in. */
  async signIn(userId: string, userAgent: string | null): Promise<IssuedTokens> {
    const { sql, now, refreshMs } = this.options;
    const id = newId();
    const refreshToken = this.sealed(id, randomBytes(32));
    const at = now();
    const family: RefreshFamilyRecord = {
      id,
      userId,
      currentHash: digestOf(refreshToken),
      previousHash: null,
      rotatedAt: null,
      userAgent: userAgent?.slice(0, 255) ?? null,
      createdAt: at,
      expiresAt: new Date(at.getTime() + refreshMs),
      endedAt: null,
    };
    await sql.refreshFamilies.insert(family);
    return this.issue(family, refreshToken);
  }

  /**
   * Rotates a refresh token. The one before gives the same successor for 20 s; after that its use ends the sign-in,
   * because somebody has a copy, and so does the use of any earlier one.
   * @throws `InvalidGrant`
   */
  async refresh(refreshToken: string): Promise<IssuedTokens> {
    const { refreshFamilies } = this.options.sql;
    const family = await refreshFamilies.findByHash(digestOf(refreshToken));
    if (!family) await this.endOfAncestor(refreshToken);
    if (!family || family.endedAt || family.expiresAt <= this.options.now()) {
      throw new InvalidGrant('The refresh token is unknown, expired or ended.');
    }
    return (await this.rotate(family, refreshToken)) ?? this.repeat(family.id, refreshToken);
  }

  /** Ends the sign-in of the caller and that of the refresh token, where there is one. */
  async signOut(principal: Principal | null, refreshToken: string | undefined): Promise<void> {
    const { refreshFamilies } = this.options.sql;
    if (principal) await this.end(await refreshFamilies.find(principal.signInId));
    if (refreshToken !== undefined) await this.end(await refreshFamilies.findByHash(digestOf(refreshToken)));
  }

  /** @throws `InvalidToken` */
  async authenticate(accessToken: string): Promise<Principal> {
    const { sql, accessTokens } = this.options;
    const claims = accessTokens.verify(accessToken);
    const [family, user] = await Promise.all([
      sql.refreshFamilies.find(claims.sid),
      sql.users.find(claims.sub),
    ]);
    if (!family || !user || family.endedAt || family.userId !== user.id || user.epoch !== claims.epoch) {
      throw new InvalidToken('The sign-in of this access token has ended.');
    }
    return { userId: user.id, signInId: family.id, roles: user.roles };
  }

  /** @returns null when the token is not the current one, or no longer */
  private async rotate(family: RefreshFamilyRecord, refreshToken: string): Promise<IssuedTokens | null> {
    const { sql, now, refreshMs } = this.options;
    const successor = this.successorOf(family.id, refreshToken);
    const at = now();
    const expiresAt = new Date(at.getTime() + refreshMs);
    const rotated = await sql.refreshFamilies.rotate(
      family.id,
      digestOf(refreshToken),
      digestOf(successor),
      at,
      expiresAt,
    );
    return rotated ? this.issue({ ...family, expiresAt }, successor) : null;
  }

  /** The successor that was given before, if that was a moment ago; otherwise the end of the family. */
  private async repeat(familyId: string, refreshToken: string): Promise<IssuedTokens> {
    const { sql, now } = this.options;
    const family = await sql.refreshFamilies.find(familyId);
    const successor = this.successorOf(familyId, refreshToken);
    if (family?.rotatedAt && !family.endedAt && family.currentHash === digestOf(successor)) {
      if (now().getTime() - family.rotatedAt.getTime() <= GRACE_MS) return this.issue(family, successor);
    }
    await this.end(family);
    throw new InvalidGrant('The refresh token was used before; its sign-in has ended.');
  }

  private async issue(family: RefreshFamilyRecord, refreshToken: string): Promise<IssuedTokens> {
    const { sql, accessTokens, now } = this.options;
    const user = await sql.users.find(family.userId);
    if (!user) throw new InvalidGrant('The user no longer exists.');
    return {
      userId: user.id,
      accessToken: accessTokens.sign({ sub: user.id, sid: family.id, epoch: user.epoch }),
      expiresIn: accessTokens.seconds,
      refreshToken,
      refreshExpiresIn: Math.max(0, Math.floor((family.expiresAt.getTime() - now().getTime()) / 1000)),
    };
  }

  /** Derived from the token, so that it can be given again although only its digest is stored. */
  private successorOf(familyId: string, refreshToken: string): string {
    return this.sealed(familyId, this.mac(`successor ${refreshToken}`));
  }

  /**
   * A refresh token: its family, its secret, and a seal by which it is known as ours once its digest is no longer
   * stored.
   */
  private sealed(familyId: string, secret: Buffer): string {
    const body = `${familyId}.${secret.toString('base64url')}`;
    return `${body}.${this.mac(`seal ${body}`).toString('base64url')}`;
  }

  private mac(text: string): Buffer {
    return createHmac('sha256', this.options.keys.refreshToken).update(text).digest();
  }

  /** Ends the family of a token that was ours some rotations ago. */
  private async endOfAncestor(refreshToken: string): Promise<void> {
    const [familyId = '', secret = ''] = refreshToken.split('.');
    const genuine =
      digestOf(this.sealed(familyId, Buffer.from(secret, 'base64url'))) === digestOf(refreshToken);
    if (genuine) await this.end(await this.options.sql.refreshFamilies.find(familyId));
  }

  private async end(family: RefreshFamilyRecord | null): Promise<void> {
    const { sql, events, now } = this.options;
    if (!family || !(await sql.refreshFamilies.end(family.id, now()))) return;
    await events.publish(`user:${family.userId}`, 'session.revoked', { id: family.id });
  }
}

function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
