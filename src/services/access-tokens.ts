import jwt from 'jsonwebtoken';
import { z } from 'zod';
import { InvalidToken } from '../errors';
import { newId } from './ids';
import type { KeyRing } from './key-ring';
import type { Clock } from './runtime';
import type { PublicKeyEntry, SigningKey } from './signing-keys';

const SKEW_SECONDS = 30;

/** What a header may ask to be understood (RFC 7515 §4.1.11), we do not understand. */
const headerShape = z.object({ typ: z.literal('at+jwt'), kid: z.string(), crit: z.never().optional() });
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
  /** The keys by which others can check tokens; none when the keys are secrets. */
  publicKeys(): PublicKeyEntry[];
}

interface AccessTokenOptions {
  keys: KeyRing<SigningKey>;
  /** Issuer and audience: this installation. */
  issuer: string;
  seconds: number;
  now: Clock;
}

/**
 * JWT access tokens (RFC 9068), checked as RFC 8725 says: type and key named exactly, and the algorithm is that of the
 * key. Keys that a token brings along (`jwk`, `jku`, `x5c`, `x5u`) are not looked at.
 */
export function createAccessTokens({ keys, issuer, seconds, now }: AccessTokenOptions): AccessTokens {
  const { id: kid, algorithm: alg, sign: signingKey } = keys.current;
  if (!signingKey) throw new Error('the current key cannot sign');
  const time = () => Math.floor(now().getTime() / 1000);

  function keyOf(token: string): SigningKey {
    const header = headerShape.parse(jwt.decode(token, { complete: true })?.header);
    const key = keys.find(header.kid);
    if (!key) throw new Error('signed by an unknown key');
    return key;
  }

  return {
    seconds,

    sign(claims) {
      const iat = time();
      const all = { ...claims, iss: issuer, aud: issuer, iat, exp: iat + seconds, jti: newId() };
      return jwt.sign(all, signingKey, { algorithm: alg, header: { alg, typ: 'at+jwt', kid } });
    },

    verify(token) {
      try {
        const key = keyOf(token);
        const payload = jwt.verify(token, key.check, {
          algorithms: [key.algorithm],
          issuer,
          audience: issuer,
          clockTimestamp: time(),
          clockTolerance: SKEW_SECONDS,
        });
        const claims = claimsShape.parse(payload);
        if (claims.iat > time() + SKEW_SECONDS) throw new Error('issued in the future');
        return claims;
      } catch (error) {
        throw new InvalidToken(undefined, error);
      }
    },

    publicKeys: () => keys.all.flatMap(({ published }) => published ?? []),
  };
}
