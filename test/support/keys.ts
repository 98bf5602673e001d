import { createHash, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import jwt, { type JwtPayload } from 'jsonwebtoken';
import request, { type Test } from 'supertest';
import { API } from './factories';
import type { Ferry } from './ferry';

/** A P-256 key in a file. */
export interface TestKey {
  file: string;
  privateKey: KeyObject;
  /** What a verifier knows of it. */
  jwk: { kty: string; crv: string; x: string; y: string };
  /** RFC 7638 thumbprint. */
  thumbprint: string;
  publicPem: string;
}

export async function makeKey(directory: string, name: string): Promise<TestKey> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const file = path.join(directory, `${name}.pem`);
  await writeFile(file, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const publicKey = createPublicKey(privateKey);
  const { crv, kty, x, y } = publicKey.export({ format: 'jwk' }) as TestKey['jwk'];
  const thumbprint = createHash('sha256')
    .update(`{"crv":"${crv}","kty":"${kty}","x":"${x}","y":"${y}"}`)
    .digest('base64url');
  const publicPem = publicKey.export({ type: 'spki', format: 'pem' }) as string;
  return { file, privateKey, jwk: { kty, crv, x, y }, thumbprint, publicPem };
}

/** A part of a JWS: JSON in base64url. */
export const jwsPart = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A JWS by ECDSA, whatever its header says (RFC 7518 §3.4). */
export function signElliptic(header: unknown, claims: unknown, key: KeyObject, hash = 'sha256'): string {
  const body = `${jwsPart(header)}.${jwsPart(claims)}`;
  const signature = sign(hash, Buffer.from(body), { key, dsaEncoding: 'ieee-p1363' });
  return `${body}.${signature.toString('base64url')}`;
}

/** Asks who the access token's user is. */
export function me(ferry: Ferry, accessToken: string): Test {
  return request(ferry.url).get(`${API}/users/me`).set('Authorization', `Bearer ${accessToken}`);
}

export async function publishedKeys(ferry: Ferry): Promise<{ keys: Record<string, string>[] }> {
  const answer = await request(ferry.url).get('/.well-known/jwks.json').expect(200);
  return answer.body as { keys: Record<string, string>[] };
}

export function tokenParts(token: string): { header: Record<string, unknown>; claims: JwtPayload } {
  const decoded = jwt.decode(token, { complete: true });
  return {
    header: decoded?.header as unknown as Record<string, unknown>,
    claims: decoded?.payload as JwtPayload,
  };
}
