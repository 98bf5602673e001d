import { z } from 'zod';
import { API, id, idParams, noQuery, pageOf, pageQuery, time } from './common';
import { credentials } from './credentials';
import { endpoint } from './endpoint';
import { user } from './users';

const TAG = 'Sign-in';

const signedInUser = z.object({ user });

export const signIn = z
  .object({
    id,
    kind: z.enum(['tokens', 'browser']).meta({ description: 'A program, or a browser.' }),
    userAgent: z.string().nullable(),
    createdAt: time,
    expiresAt: time.meta({ description: 'When it ends unless it is used before.' }),
    current: z.boolean().meta({ description: 'Whether it is the one that asks.' }),
  })
  .meta({ id: 'SignIn' });

const ownPages =
  'Only for our own pages: `Sec-Fetch-Site` should be `same-origin`, or `Origin` the address of this server.';

export const createSession = endpoint({
  id: 'createSession',
  method: 'post',
  path: `${API}/auth/session`,
  tag: TAG,
  summary: 'Sign a browser in with a name and a password',
  description: `The answer sets the session cookie, with a new id. ${ownPages}`,
  access: 'public',
  query: noQuery,
  body: credentials,
  responses: {
    200: {
      description: 'Signed in.',
      schema: signedInUser,
      headers: { 'Set-Cookie': '`ferry.sid`, over https `__Host-ferry.sid`.' },
    },
  },
  errors: ['invalid_credentials', 'forbidden', 'cross_site', 'rate_limited'],
});

export const getSession = endpoint({
  id: 'getSession',
  method: 'get',
  path: `${API}/auth/session`,
  tag: TAG,
  summary: 'Who is signed in',
  access: 'signed-in',
  query: noQuery,
  responses: { 200: { description: 'The user.', schema: signedInUser } },
  errors: [],
});

export const deleteSession = endpoint({
  id: 'deleteSession',
  method: 'delete',
  path: `${API}/auth/session`,
  tag: TAG,
  summary: 'Sign out',
  description: 'Ends the sign-in of whoever asks, and takes the cookie back.',
  access: 'optional',
  query: noQuery,
  responses: { 204: { description: 'Nobody is signed in.' } },
  errors: ['cross_site'],
});

export const listSignIns = endpoint({
  id: 'listSignIns',
  method: 'get',
  path: `${API}/auth/sessions`,
  tag: TAG,
  summary: 'Where the user is signed in, newest first',
  access: 'signed-in',
  query: pageQuery,
  responses: {
    200: {
      description: 'A page.',
      schema: pageOf(signIn),
    },
  },
  errors: [],
});

export const endSignIn = endpoint({
  id: 'endSignIn',
  method: 'delete',
  path: `${API}/auth/sessions/:id`,
  tag: TAG,
  summary: 'End one of the sign-ins',
  access: 'signed-in',
  params: idParams,
  query: noQuery,
  responses: { 204: { description: 'It has ended, with every token and session that belongs to it.' } },
  errors: ['not_found', 'cross_site'],
});
