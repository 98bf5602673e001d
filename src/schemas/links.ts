import { z } from 'zod';
import { API, id, idParams, noQuery, pageOf, pageQuery, time } from './common';
import { endpoint } from './endpoint';
import { contentHeaders, contentQuery, contentResponses } from './files';

const TAG = 'Links';
const YEAR_SECONDS = 365 * 24 * 60 * 60;

const expiresIn = z
  .number()
  .int()
  .min(1)
  .max(YEAR_SECONDS)
  .meta({ description: 'Seconds.', example: 86_400 });

const maxDownloads = z.number().int().min(1).max(1_000_000);

const disposition = z.enum(['inline', 'attachment']);

export const link = z
  .object({
    id: z.string(),
    expiresAt: time,
    maxDownloads: maxDownloads.nullable().meta({ description: 'Null for any number.' }),
    downloads: z.number().int().meta({ description: 'How many have begun.' }),
    disposition: disposition.nullable(),
    createdAt: time,
  })
  .meta({ id: 'Link' });

const newLink = link
  .extend({ url: z.string().meta({ description: 'Needs no credentials. Shown only here.' }) })
  .meta({ id: 'NewLink' });

export const createLink = endpoint({
  id: 'createLink',
  method: 'post',
  path: `${API}/files/:id/links`,
  tag: TAG,
  summary: 'Make a link that lets anybody read a file of yours for a while',
  access: 'signed-in',
  params: idParams,
  query: noQuery,
  body: z.strictObject({
    expiresIn,
    maxDownloads: maxDownloads.optional().meta({ description: 'Any number without it.' }),
    disposition: disposition.optional().meta({
      description: '`attachment`: to be saved. What no browser can show safely is an attachment in any case.',
    }),
  }),
  responses: { 201: { description: 'The link.', schema: newLink } },
  errors: ['not_found'],
});

export const listLinks = endpoint({
  id: 'listLinks',
  method: 'get',
  path: `${API}/files/:id/links`,
  tag: TAG,
  summary: 'The links to a file of yours, newest first',
  description: 'Without those that were taken back. Expired ones are kept for 30 days.',
  access: 'signed-in',
  params: idParams,
  query: pageQuery,
  responses: { 200: { description: 'A page.', schema: pageOf(link) } },
  errors: ['not_found'],
});

export const deleteLink = endpoint({
  id: 'deleteLink',
  method: 'delete',
  path: `${API}/files/:id/links/:linkId`,
  tag: TAG,
  summary: 'Take a link back',
  description: 'What is being sent goes on to its end.',
  access: 'signed-in',
  params: idParams.extend({ linkId: id }),
  query: noQuery,
  responses: { 204: { description: 'The link is dead.' } },
  errors: ['not_found'],
});

export const followLink = endpoint({
  id: 'followLink',
  method: 'get',
  path: '/d/:token',
  tag: TAG,
  summary: 'The bytes of the file or archive that an address leads to',
  description:
    'Like the content of a file, without credentials. Each request for the whole counts as a download of a link. Ranges count once for a client, by its address and User-Agent, within six hours: a download in many pieces or after breaks is one, and goes on although the link is used up meanwhile. HEAD, 304, 412 and 416 do not count.',
  access: 'public',
  params: z.strictObject({ token: z.string() }),
  query: contentQuery,
  headers: contentHeaders,
  responses: contentResponses,
  errors: ['not_found', 'gone', 'precondition_failed', 'range_not_satisfiable'],
});
