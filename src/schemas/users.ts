import { z } from 'zod';
import { API, id, noQuery, text, time } from './common';
import { newPassword, oldPassword } from './credentials';
import { endpoint } from './endpoint';

export const displayName = text(1, 64).meta({ description: 'How others see the user.' });

export const user = z
  .object({
    id: z.string(),
    username: z.string().nullable(),
    displayName: z.string(),
    avatarUrl: z.string().nullable(),
    roles: z.array(z.enum(['user', 'admin'])),
    identities: z.array(z.object({ provider: z.string(), linkedAt: time })),
    createdAt: time,
  })
  .meta({ id: 'User' });

export const getMe = endpoint({
  id: 'getMe',
  method: 'get',
  path: `${API}/users/me`,
  tag: 'Users',
  summary: 'The signed-in user',
  access: 'signed-in',
  query: noQuery,
  responses: { 200: { description: 'The user.', schema: user } },
  errors: [],
});

export const updateMe = endpoint({
  id: 'updateMe',
  method: 'patch',
  path: `${API}/users/me`,
  tag: 'Users',
  summary: 'Change the signed-in user',
  access: 'signed-in',
  query: noQuery,
  body: z.strictObject({
    displayName: displayName.optional(),
    avatarFileId: id
      .nullable()
      .optional()
      .meta({ description: 'One of your files; null removes the picture.' }),
  }),
  responses: { 200: { description: 'The user.', schema: user } },
  errors: ['not_found'],
});

export const changePassword = endpoint({
  id: 'changePassword',
  method: 'post',
  path: `${API}/users/me/password`,
  tag: 'Users',
  summary: 'Change the password',
  description: 'Every other sign-in of the user ends. A user who signs in without a password gets 409.',
  access: 'signed-in',
  query: noQuery,
  body: z.strictObject({ currentPassword: oldPassword, newPassword }),
  responses: { 204: { description: 'The new password counts.' } },
  errors: ['invalid_credentials', 'conflict', 'cross_site', 'rate_limited'],
});
