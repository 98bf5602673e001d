import { z } from 'zod';
import { noQuery } from './common';
import { endpoint } from './endpoint';

const key = z
  .object({
    kty: z.literal('EC'),
    crv: z.literal('P-256'),
    x: z.string(),
    y: z.string(),
    kid: z.string().meta({ description: 'RFC 7638 thumbprint; what the header of a token names.' }),
    alg: z.literal('ES256'),
    use: z.literal('sig'),
  })
  .meta({ id: 'PublicKey', description: 'RFC 7517.' });

export const getKeys = endpoint({
  id: 'getKeys',
  method: 'get',
  path: '/.well-known/jwks.json',
  tag: 'Sign-in',
  summary: 'The public keys of access tokens',
  description:
    'Those of the current key, the one before and the one to come. None where access tokens are signed by a secret.',
  access: 'public',
  query: noQuery,
  responses: { 200: { description: 'A JWK set.', schema: z.object({ keys: z.array(key) }) } },
  errors: [],
});
