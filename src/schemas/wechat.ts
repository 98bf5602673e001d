import { z } from 'zod';
import { tokens } from './auth';
import { API, noQuery, text } from './common';
import { endpoint } from './endpoint';
import { user } from './users';

const TAG = 'Sign-in';

/** Codes of WeChat are opaque; today they have 32 or 64 characters. */
const code = text(1, 512);

const base64 = (most: number) =>
  z
    .string()
    .max(most)
    .regex(/^[A-Za-z\d+/]+={0,2}$/, 'should be base64');

export const signInByWechat = endpoint({
  id: 'signInByWechat',
  method: 'post',
  path: `${API}/auth/wechat`,
  tag: TAG,
  summary: 'Sign in with a code of wx.login',
  description:
    'A code is good once, for five minutes. Calls with the same code at the same moment share one sign-in and get the same tokens. On `invalid_grant` call `wx.login` again.',
  access: 'public',
  query: noQuery,
  body: z.strictObject({ code: code.meta({ description: 'What `wx.login` gave.' }) }),
  responses: {
    200: { description: 'Signed in.', schema: tokens },
    201: { description: 'The user is made and signed in.', schema: tokens },
  },
  errors: ['invalid_grant', 'forbidden', 'rate_limited', 'not_implemented', 'upstream_failed'],
});

export const linkWechatPhone = endpoint({
  id: 'linkWechatPhone',
  method: 'post',
  path: `${API}/auth/wechat/phone`,
  tag: TAG,
  summary: 'Link the phone number that WeChat vouches for',
  description:
    'With the `code` of a button with `open-type="getPhoneNumber"`, or from clients before 2.21.2, which have none, with `encryptedData` and `iv`. The number becomes an identity `phone` of the user, and is no longer anybody else’s.',
  access: 'signed-in',
  query: noQuery,
  body: z
    .strictObject({
      code: code.optional(),
      encryptedData: base64(4096).optional(),
      iv: base64(24).optional(),
    })
    .transform(({ code, encryptedData, iv }, context) => {
      const encrypted = encryptedData !== undefined && iv !== undefined ? { encryptedData, iv } : null;
      if (code !== undefined && encryptedData === undefined && iv === undefined) return { code };
      if (code === undefined && encrypted) return encrypted;
      context.addIssue({
        code: 'custom',
        path: ['code'],
        message: 'should be there, or encryptedData and iv instead',
      });
      return z.NEVER;
    }),
  responses: { 200: { description: 'The user.', schema: z.object({ user }) } },
  errors: ['invalid_grant', 'forbidden', 'conflict', 'rate_limited', 'not_implemented', 'upstream_failed'],
});
