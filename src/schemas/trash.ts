import { z } from 'zod';
import { API, idParams, noQuery, pageOf, pageQuery } from './common';
import { document, SHORT_PAGES, tagged, trashedDocument } from './documents';
import { endpoint } from './endpoint';

const TAG = 'Documents';

export const listTrash = endpoint({
  id: 'listTrash',
  method: 'get',
  path: `${API}/trash/documents`,
  tag: TAG,
  summary: 'Your documents in the trash, newest first',
  description: `They go for good 30 days after they were put there. Until then the files that they use cannot be deleted. ${SHORT_PAGES}`,
  access: 'signed-in',
  query: pageQuery,
  responses: { 200: { description: 'A page.', schema: pageOf(trashedDocument) } },
  errors: [],
});

export const restoreDocument = endpoint({
  id: 'restoreDocument',
  method: 'post',
  path: `${API}/trash/documents/:id/restore`,
  tag: TAG,
  summary: 'Take a document out of the trash, with its comments',
  access: 'signed-in',
  params: idParams,
  query: noQuery,
  body: z.strictObject({}).optional(),
  responses: { 200: { description: 'The document.', schema: document, headers: tagged } },
  errors: ['not_found'],
});

export const purgeDocument = endpoint({
  id: 'purgeDocument',
  method: 'delete',
  path: `${API}/trash/documents/:id`,
  tag: TAG,
  summary: 'Delete a document in the trash for good, with its versions and comments',
  access: 'signed-in',
  params: idParams,
  query: noQuery,
  responses: { 204: { description: 'It is gone.' } },
  errors: ['not_found'],
});
