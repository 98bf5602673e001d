import { createHash, createHmac, randomBytes } from 'node:crypto';
import { InvalidGrant, InvalidToken, NotFound } from '../errors';
import type { Role, SignInRecord, SqlStore, Tables } from '../models/sql';
import type { AccessTokens } from './access-tokens';
import type { EventPublisher } from './events';
import { newId } from './ids';
import type { KeyRing } from './key-ring';
import type { Clock } from './runtime';
import type { ChainKey } from './secrets';
import { endSignIns, refuseSuspended } from './sign-ins';

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
  chainKeys: KeyRing<ChainKey>;
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

  /** Starts a sign-in. @throws `Forbidden` for a user who may not */
  async signIn(userId: string, userAgent: string | null): Promise<IssuedTokens> {
    const { sql, chainKeys, now, refreshMs } = this.options;
    const user = await sql.users.find(userId);
    if (user) refuseSuspended(user);
    const secret = randomBytes(32).toString('base64url');
    const at = now();
    const signIn: SignInRecord = {
      id: newId(),
      userId,
      kind: 'tokens',
      currentHash: digestOf(secret),
      chainKey: chainKeys.current.id,
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
  async signOut(
    principal: Pick<Principal, 'signInId'> | null,
    refreshToken: string | undefined,
  ): Promise<void> {
    if (principal) await this.end(await this.options.sql.signIns.find(principal.signInId));
    if (refreshToken === undefined) return;
    const { signIn, secret } = await this.find(refreshToken);
    if (signIn && this.stepsToCurrent(signIn, secret) !== null) await this.end(signIn);
  }

  /** @throws `InvalidToken` */
  async authenticate(accessToken: string): Promise<Principal> {
    return (await this.admit(accessToken)).principal;
  }

  /** Who has the token, and until when it is good. @throws `InvalidToken` */
  async admit(accessToken: string): Promise<{ principal: Principal; until: Date }> {
    const { sql, accessTokens } = this.options;
    const claims = accessTokens.verify(accessToken);
    const [signIn, user] = await Promise.all([sql.signIns.find(claims.sid), sql.users.find(claims.sub)]);
    if (!signIn || !user || signIn.endedAt || signIn.userId !== user.id || user.epoch !== claims.epoch) {
      throw new InvalidToken('The sign-in of this access token has ended.');
    }
    const principal = { userId: user.id, signInId: signIn.id, roles: user.roles };
    return { principal, until: new Date(claims.exp * 1000) };
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

  /** Ends every sign-in of a user but one, in the same transaction as what leads to it. */
  async endOthers(
    { userId, signInId }: Principal,
    because: (tables: Tables) => Promise<void>,
  ): Promise<void> {
    await endSignIns(this.options, { userId, keptId: signInId }, because);
  }

  private async find(refreshToken: string): Promise<{ signIn: SignInRecord | null; secret: string }> {
    const [, id = '', secret = ''] = /^([0-9a-z]{1,64})\.([\w-]{43})$/.exec(refreshToken) ?? [];
    return { signIn: await this.options.sql.signIns.find(id), secret };
  }

  /** @returns null when the token is not the current one, or no longer */
  private async rotate(signIn: SignInRecord, secret: string): Promise<IssuedTokens | null> {
    const { sql, chainKeys, now, refreshMs } = this.options;
    const key = this.chainKeyOf(signIn) ?? chainKeys.current;
    const successor = successorOf(secret, key);
    const at = now();
    const expiresAt = new Date(at.getTime() + refreshMs);
    const rotated = await sql.signIns.rotate(signIn.id, {
      from: digestOf(secret),
      to: digestOf(successor),
      chainKey: key.id,
      rotations: key.id === signIn.chainKey ? signIn.rotations + 1 : 1,
      at,
      expiresAt,
    });
    return rotated ? this.issue({ ...signIn, expiresAt }, successor) : null;
  }

  /** The successor that was given before, if that was a moment ago; the end of the sign-in for any other used token. */
  private async repeat(signInId: string, secret: string): Promise<IssuedTokens> {
    const signIn = await this.options.sql.signIns.find(signInId);
    if (!signIn || signIn.endedAt) throw new InvalidGrant('The sign-in has ended.');
    const key = this.chainKeyOf(signIn);
    const steps = this.stepsToCurrent(signIn, secret);
    if (!key || steps === null) throw new InvalidGrant('The refresh token is unknown.');
    const age = this.options.now().getTime() - (signIn.rotatedAt?.getTime() ?? 0);
    if (steps === 1 && age <= GRACE_MS) return this.issue(signIn, successorOf(secret, key));
    await this.end(signIn);
    throw new InvalidGrant('The refresh token was used before; its sign-in has ended.');
  }

  /**
   * A chain keeps the key that it began with for as long as the key is among ours, so that every token of it can be
   * followed to the current one; after that it goes on by the current key, and the tokens from before are forgotten.
   */
  private chainKeyOf(signIn: SignInRecord): ChainKey | undefined {
    return this.options.chainKeys.find(signIn.chainKey ?? '');
  }

  /** How many rotations ago the token was the current one; null for one that never was. */
  private stepsToCurrent(signIn: SignInRecord, secret: string): number | null {
    if (digestOf(secret) === signIn.currentHash) return 0;
    const key = this.chainKeyOf(signIn);
    if (!key) return null;
    let derived = secret;
    for (let steps = 1; steps <= Math.min(signIn.rotations, MOST_STEPS_BACK); steps += 1) {
      derived = successorOf(derived, key);
      if (digestOf(derived) === signIn.currentHash) return steps;
    }
    return null;
  }

  private async issue(signIn: SignInRecord, secret: string): Promise<IssuedTokens> {
    const { sql, accessTokens, now } = this.options;
    const user = await sql.users.find(signIn.userId);
    if (!user) throw new InvalidGrant('The user no longer exists.');
    refuseSuspended(user);
    return {
      userId: user.id,
      accessToken: accessTokens.sign({ sub: user.id, sid: signIn.id, epoch: user.epoch }),
      expiresIn: accessTokens.seconds,
      refreshToken: `${signIn.id}.${secret}`,
      refreshExpiresIn: Math.max(0, Math.floor((signIn.expiresAt.getTime() - now().getTime()) / 1000)),
    };
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

function successorOf(secret: string, key: ChainKey): string {
  return createHmac('sha256', key.secret).update(secret).digest('base64url');
}
