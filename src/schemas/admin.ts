import { z } from 'zod';
import { API, id, idParams, noQuery, pageOf, pageQuery, text, time } from './common';
import { endpoint } from './endpoint';

const TAG = 'Administration';

const role = z.enum(['user', 'admin']);

export const adminUser = z
  .object({
    id,
    username: z.string().nullable(),
    displayName: z.string(),
    roles: z.array(role),
    suspendedAt: time.nullable().meta({ description: 'Since when the user may not sign in.' }),
    createdAt: time,
  })
  .meta({ id: 'AdminUser' });

export const listUsers = endpoint({
  id: 'listUsers',
  method: 'get',
  path: `${API}/admin/users`,
  tag: TAG,
  summary: 'All users, newest first',
  access: 'signed-in',
  query: pageQuery.extend({
    q: text(1, 200).optional().meta({ description: 'A part of the name or the display name, in any case.' }),
  }),
  responses: { 200: { description: 'A page.', schema: pageOf(adminUser) } },
  errors: ['forbidden'],
});

export const changeUser = endpoint({
  id: 'changeUser',
  method: 'patch',
  path: `${API}/admin/users/:id`,
  tag: TAG,
  summary: 'Change the roles of a user, suspend them, or let them back in',
  description: 'Suspension ends every sign-in of the user. Admins cannot take their own rights away: 409.',
  access: 'signed-in',
  params: idParams,
  query: noQuery,
  body: z.strictObject({
    roles: z.array(role).min(1).max(2).optional().meta({ description: 'Everybody is a `user`, at least.' }),
    suspended: z.boolean().optional(),
  }),
  responses: { 200: { description: 'The user.', schema: adminUser } },
  errors: ['forbidden', 'cross_site', 'not_found', 'conflict'],
});
