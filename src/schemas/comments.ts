import { z } from 'zod';
import { API, id, idParams, noQuery, pageOf, pageQuery, time } from './common';
import { author, idempotencyKey, ifMatch, markdown, SHORT_PAGES, tagged } from './documents';
import { endpoint } from './endpoint';

const TAG = 'Comments';

const body = markdown(1)
  .refine((value) => value.trim() !== '', 'should not be blank')
  .meta({ description: 'Markdown. `@name` tells that user, who may read the document.' });

export const comment = z
  .object({
    id: z.string(),
    documentId: z.string(),
    parentId: z.string().nullable().meta({ description: 'The comment that this one replies to.' }),
    author,
    body: z.string().optional().meta({ description: 'Markdown; missing in a deleted comment.' }),
    bodyHtml: z.string().optional().meta({ description: 'The body as HTML, safe to show.' }),
    deleted: z.boolean().meta({ description: 'Deleted, and kept for the sake of its replies.' }),
    replyCount: z.number().int().meta({ description: 'Direct replies.' }),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'Comment' });

export const listComments = endpoint({
  id: 'listComments',
  method: 'get',
  path: `${API}/documents/:id/comments`,
  tag: TAG,
  summary: 'The comments on a document, oldest first',
  description: SHORT_PAGES,
  access: 'optional',
  params: idParams,
  query: pageQuery.extend({
    parent: id.optional().meta({
      description: 'The direct replies to this comment; without it, the comments on the document itself.',
    }),
  }),
  responses: { 200: { description: 'A page.', schema: pageOf(comment) } },
  errors: ['not_found'],
});

export const createComment = endpoint({
  id: 'createComment',
  method: 'post',
  path: `${API}/documents/:id/comments`,
  tag: TAG,
  summary: 'Comment on a document, or reply to a comment on it',
  access: 'signed-in',
  params: idParams,
  query: noQuery,
  headers: idempotencyKey,
  body: z.strictObject({ body, parentId: id.nullable().optional() }),
  responses: {
    201: {
      description: 'The comment.',
      schema: comment,
      headers: { Location: 'The path of the comment.', ...tagged },
    },
  },
  errors: ['not_found', 'conflict', 'too_large', 'idempotency_mismatch', 'rate_limited'],
});

export const getComment = endpoint({
  id: 'getComment',
  method: 'get',
  path: `${API}/comments/:id`,
  tag: TAG,
  summary: 'A comment',
  access: 'optional',
  params: idParams,
  query: noQuery,
  headers: { 'If-None-Match': 'The ETag of what is there already.' },
  responses: {
    200: { description: 'The comment.', schema: comment, headers: tagged },
    304: { description: 'Nothing has changed.' },
  },
  errors: ['not_found'],
});

export const updateComment = endpoint({
  id: 'updateComment',
  method: 'patch',
  path: `${API}/comments/:id`,
  tag: TAG,
  summary: 'Change a comment of yours',
  description: 'A 412 brings the comment as it is now as `current`, and its ETag.',
  access: 'signed-in',
  params: idParams,
  query: noQuery,
  headers: ifMatch,
  body: z.strictObject({ body }),
  responses: { 200: { description: 'The comment.', schema: comment, headers: tagged } },
  errors: ['not_found', 'conflict', 'precondition_failed', 'too_large', 'rate_limited'],
});

export const deleteComment = endpoint({
  id: 'deleteComment',
  method: 'delete',
  path: `${API}/comments/:id`,
  tag: TAG,
  summary: 'Delete a comment of yours',
  description: 'One with replies stays as `{deleted: true}` without its body. Admins may delete any comment.',
  access: 'signed-in',
  params: idParams,
  query: noQuery,
  headers: ifMatch,
  responses: { 204: { description: 'It is deleted.' } },
  errors: ['not_found', 'precondition_failed'],
});
