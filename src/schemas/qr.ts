import { z } from 'zod';
import { API, id, idParams, noQuery, pretty, queryNumber, time } from './common';
import { endpoint } from './endpoint';
import { user } from './users';

const TAG = 'Sign-in by QR code';

const state = z.enum(['created', 'scanned', 'confirmed', 'cancelled', 'expired']).meta({
  description: '`confirmed`: claim it now. `expired`: two minutes have passed, or it has been claimed.',
});

const matchCode = z
  .string()
  .meta({ description: 'Two digits that both screens show, so that people can compare.', example: '47' });

export const createQr = endpoint({
  id: 'createQr',
  method: 'post',
  path: `${API}/auth/qr`,
  tag: TAG,
  summary: 'Begin a sign-in by QR code, for a browser',
  description:
    'The answer sets an HttpOnly cookie. The sign-in can be seen and claimed with it alone; a later one of the same browser replaces it.',
  access: 'public',
  query: noQuery,
  body: z.strictObject({}).optional(),
  responses: {
    201: {
      description: 'The code to show, good for 120 seconds.',
      schema: z.object({
        id: z.string(),
        ticket: z
          .string()
          .meta({ description: '22 characters, which fit into the scene of a mini-program code.' }),
        qrSvg: z.string().meta({
          description:
            'An SVG image of the URL `/login/scan?t=<ticket>` of this server; phones take `t` from it.',
        }),
        expiresAt: time,
      }),
      headers: { 'Set-Cookie': '`ferry.qr`, over https `__Host-ferry.qr`.' },
    },
  },
  errors: ['cross_site', 'rate_limited'],
});

export const qrView = z
  .object({
    state,
    matchCode: matchCode.optional().meta({ description: 'Once somebody has scanned.' }),
    scannedBy: z
      .object({ displayName: z.string() })
      .optional()
      .meta({ description: 'Who has scanned, once somebody has.' }),
  })
  .meta({ id: 'QrSignIn' });

export const getQr = endpoint({
  id: 'getQr',
  method: 'get',
  path: `${API}/auth/qr/:id`,
  tag: TAG,
  summary: 'How a sign-in by QR code stands',
  description: 'Only for the browser that began it, by its cookie; for anybody else there is nothing here.',
  access: 'public',
  params: idParams,
  query: z.strictObject({
    pretty,
    wait: queryNumber(0, 25)
      .default(0)
      .meta({
        description: 'Seconds to wait for a change.',
        override: { type: 'integer', minimum: 0, maximum: 25, default: 0 },
      }),
    state: state.optional().meta({
      description: 'The state that the caller knows; any other one is answered at once.',
    }),
  }),
  responses: {
    200: {
      description: 'The state.',
      schema: qrView,
    },
  },
  errors: ['not_found'],
});

export const scanQr = endpoint({
  id: 'scanQr',
  method: 'post',
  path: `${API}/auth/qr/scan`,
  tag: TAG,
  summary: 'Say that the signed-in user has scanned a code',
  description:
    'Binds it to this user: only they can confirm it from then on. Ask them to compare the match code, the browser and the time, then confirm.',
  access: 'signed-in',
  query: noQuery,
  body: z.strictObject({
    ticket: z.string().regex(/^[\w-]{22}$/, 'should be 22 base64url characters'),
  }),
  responses: {
    200: {
      description: 'What to ask the user.',
      schema: z.object({
        id: z.string(),
        matchCode,
        browser: z.string().meta({ description: 'Which wants to sign in.', example: 'Chrome on Windows' }),
        createdAt: time,
      }),
    },
  },
  errors: ['not_found', 'gone', 'conflict'],
});

export const confirmQr = endpoint({
  id: 'confirmQr',
  method: 'post',
  path: `${API}/auth/qr/confirm`,
  tag: TAG,
  summary: 'Let the browser in, or refuse',
  description: 'Only for the user who scanned. What was confirmed can be refused until it is claimed.',
  access: 'signed-in',
  query: noQuery,
  body: z.strictObject({ id, approve: z.boolean() }),
  responses: { 204: { description: 'Done; saying the same again changes nothing.' } },
  errors: ['conflict'],
});

export const claimQr = endpoint({
  id: 'claimQr',
  method: 'post',
  path: `${API}/auth/qr/:id/claim`,
  tag: TAG,
  summary: 'Sign the browser in, once the phone has confirmed',
  description: 'Only for the browser that began it, by its cookie, and once.',
  access: 'public',
  params: idParams,
  query: noQuery,
  body: z.strictObject({}).optional(),
  responses: {
    200: {
      description: 'Signed in.',
      schema: z.object({ user }),
      headers: { 'Set-Cookie': 'A new session.' },
    },
  },
  errors: ['cross_site', 'forbidden', 'not_found', 'conflict'],
});
