import jwt from 'jsonwebtoken';
import { z } from 'zod';
import { InvalidToken } from '../errors';
import { newId } from './ids';
import type { Clock } from './runtime';
import type { Keys } from './secrets';

const SKEW_SECONDS = 30;

const headerShape = z.object({ typ: z.literal('at+jwt'), kid: z.string() });
const claimsShape = z.object({
  sub: z.string(),
  sid: z.string(),
  epoch: z.number().int(),
  iat: z.number().int(),
  exp: z.number().int(),
});

/** What an access token says: the user, the sign-in, and the user's epoch when it was made. */
export type AccessClaims = z.infer<typeof claimsShape>;

export interface AccessTokens {
  /** Seconds that a token lives. */
  readonly seconds: number;
  sign(claims: Pick<AccessClaims, 'sub' | 'sid' | 'epoch'>): string;
  /** @throws `InvalidToken` */
  verify(token: string): AccessClaims;
}

interface AccessTokenOptions {
  keys: Keys;
  /** Issuer and audience: this installation. */
  issuer: string;
  seconds: number;
  now: Clock;
}

/** JWT access tokens (RFC 9068), checked as RFC 8725 says: one algorithm; type and key named exactly. */
export function createAccessTokens({ keys, issuer, seconds, now }: AccessTokenOptions): AccessTokens {
  const time = () => Math.floor(now().getTime() / 1000);
  return {
    seconds,

    sign(claims) {
      const iat = time();
      return jwt.sign(
        { ...claims, iss: issuer, aud: issuer, iat, exp: iat + seconds, jti: newId() },
        keys.accessToken,
        {
          algorithm: 'HS256',
          header: { alg: 'HS256', typ: 'at+jwt', kid: keys.accessTokenId },
        },
      );
    },

    verify(token) {
      try {
        const { header, payload } = jwt.verify(token, keys.accessToken, {
          algorithms: ['HS256'],
          issuer,
          audience: issuer,
          clockTimestamp: time(),
          clockTolerance: SKEW_SECONDS,
          complete: true,
        });
        if (headerShape.parse(header).kid !== keys.accessTokenId) throw new Error('signed by an unknown key');
        const claims = claimsShape.parse(payload);
        if (claims.iat > time() + SKEW_SECONDS) throw new Error('issued in the future');
        return claims;
      } catch (error) {
        throw new InvalidToken(undefined, error);
      }
    },
  };
}
