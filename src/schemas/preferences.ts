import { z } from 'zod';
import { API, noQuery } from './common';
import { endpoint } from './endpoint';

const locale = z.enum(['en', 'zh']).meta({ description: 'The language of pages.' });

export const theme = z
  .enum(['light', 'dark', 'auto'])
  .meta({ description: 'The colours of pages; auto is what the device prefers.' });

export const setPreferences = endpoint({
  id: 'setPreferences',
  method: 'post',
  path: `${API}/preferences`,
  tag: 'Users',
  summary: 'Choose the language and the colours of pages, in this browser',
  description:
    'Kept for a year in the cookies `locale` and `theme`. Only for our own pages: `Sec-Fetch-Site` or `Origin` should say so.',
  access: 'public',
  query: noQuery,
  body: z.strictObject({ locale: locale.optional(), theme: theme.optional() }),
  responses: { 204: { description: 'What was chosen is kept.' } },
  errors: ['cross_site'],
});
