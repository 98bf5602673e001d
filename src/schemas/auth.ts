import { z } from 'zod';
import { API, noQuery } from './common';
import { credentials, newPassword } from './credentials';
import { endpoint } from './endpoint';
import { displayName, user } from './users';

const TAG = 'Sign-in';

const USERNAME = /^[\p{L}\p{N}][\p{L}\p{N}._-]{1,31}$/u;
const USERNAME_MESSAGE = 'should be 2 to 32 letters, digits, dots, dashes or underscores';

// Names are compared in their compatibility form, where one letter may be a whole phrase: that has to be a name too.
const username = z
  .string()
  .regex(USERNAME, USERNAME_MESSAGE)
  .refine((name) => USERNAME.test(name.normalize('NFKC')), USERNAME_MESSAGE)
  .meta({ description: '2 to 32 letters of any script, digits, `.`, `-`, `_`.', example: 'li.lei' });

const refreshToken = z.string().min(1).max(512);

export const tokens = z
  .object({
    user,
    accessToken: z.string().meta({ description: 'A JWT for `Authorization: Bearer`.' }),
    tokenType: z.literal('Bearer'),
    expiresIn: z.number().int().meta({ description: 'Seconds.' }),
    refreshToken: z.string(),
    refreshExpiresIn: z.number().int().meta({ description: 'Seconds.' }),
  })
  .meta({ id: 'Tokens' });

export const register = endpoint({
  id: 'register',
  method: 'post',
  path: `${API}/auth/register`,
  tag: TAG,
  summary: 'Make a user with a name and a password, signed in',
  access: 'public',
  query: noQuery,
  body: z.strictObject({
    username,
    password: newPassword,
    displayName: displayName.optional(),
  }),
  responses: { 201: { description: 'The user is made and signed in.', schema: tokens } },
  errors: ['conflict', 'rate_limited'],
});

export const login = endpoint({
  id: 'login',
  method: 'post',
  path: `${API}/auth/login`,
  tag: TAG,
  summary: 'Sign in with a name and a password',
  access: 'public',
  query: noQuery,
  body: credentials,
  responses: { 200: { description: 'Signed in.', schema: tokens } },
  errors: ['invalid_credentials', 'forbidden', 'rate_limited'],
});

export const refresh = endpoint({
  id: 'refresh',
  method: 'post',
  path: `${API}/auth/refresh`,
  tag: TAG,
  summary: 'Swap a refresh token for new tokens',
  description:
    'Every refresh token is good once. The same one within 20 seconds gives the same successor, for clients that lost the answer; later its use ends the sign-in.',
  access: 'public',
  query: noQuery,
  body: z.strictObject({ refreshToken }),
  responses: { 200: { description: 'New tokens.', schema: tokens } },
  errors: ['invalid_grant', 'rate_limited'],
});

export const logout = endpoint({
  id: 'logout',
  method: 'post',
  path: `${API}/auth/logout`,
  tag: TAG,
  summary: 'End the sign-in',
  description:
    'Ends the sign-in of the access token, of the refresh token where one is given, and that of the browser where one of our own pages asks.',
  access: 'optional',
  query: noQuery,
  body: z.strictObject({ refreshToken: refreshToken.optional() }).optional(),
  responses: { 204: { description: 'The tokens are dead.' } },
  errors: ['cross_site'],
});
