import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import type { Keys } from './secrets';

const publicJwk = z.object({ kty: z.literal('EC'), crv: z.literal('P-256'), x: z.string(), y: z.string() });

/** A public key as others read it (RFC 7517). */
export interface PublicKeyEntry extends z.infer<typeof publicJwk> {
  kid: string;
  alg: 'ES256';
  use: 'sig';
}

/** What makes and checks signatures. A token names it, and it alone says which algorithm that token has. */
export interface SigningKey {
  /** The `kid` of a token's header. */
  id: string;
  algorithm: 'HS256' | 'ES256';
  /** Null for a key whose private part is not here: it only checks. */
  sign: KeyObject | null;
  check: KeyObject;
  /** Null for a key that must stay secret. */
  published: PublicKeyEntry | null;
}

export function secretSigningKey({ accessToken, accessTokenId }: Keys): SigningKey {
  return {
    id: accessTokenId,
    algorithm: 'HS256',
    sign: accessToken,
    check: accessToken,
    published: null,
  };
}

/**
 * A P-256 key, named by its RFC 7638 thumbprint.
 * @param pem a private key, or a public one that only checks
 * @throws `Error` when it is something else
 */
export function ellipticSigningKey(pem: string): SigningKey {
  const isPrivate = /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem);
  const check = createPublicKey(pem);
  const jwk = publicJwk.safeParse(check.export({ format: 'jwk' }));
  if (!jwk.success) throw new Error('it is not a key of the curve P-256');
  const { crv, kty, x, y } = jwk.data;
  // RFC 7638 §3: exactly these members, in this order.
  const id = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
  return {
    id,
    algorithm: 'ES256',
    sign: isPrivate ? createPrivateKey(pem) : null,
    check,
    published: { kty, crv, x, y, kid: id, alg: 'ES256', use: 'sig' },
  };
}
