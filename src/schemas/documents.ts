import { z } from 'zod';
import { API, id, idParams, noQuery, pageOf, pageQuery, queryNumber, text, time, visibility } from './common';
import { endpoint } from './endpoint';
import { file } from './files';

const TAG = 'Documents';
const MOST_VERSION = 1_000_000_000;
/** What clients have to know to read a list to its end. */
export const SHORT_PAGES =
  'A page ends early when its texts are long, or when a search has to look through much to find little: there is more as long as `nextCursor` is not null, however few items came.';

/** One line: no control characters, which would break a list or a log. */
function line(most: number) {
  return text(1, most).refine((value) => !/\p{Cc}/u.test(value), 'should have no control characters');
}

/** Several lines of Markdown. Its length in bytes is a setting. */
export function markdown(least: number) {
  return z
    .string()
    .min(least, 'should not be empty')
    .refine((value) => value.isWellFormed(), 'should be well-formed Unicode')
    .refine((value) => !value.includes('\0'), 'should have no NUL');
}

const title = line(200)
  .refine((value) => value.trim() !== '', 'should not be blank')
  .meta({ example: '渡口 · The crossing' });
const body = markdown(0).meta({ description: 'Markdown.', example: 'The ferry leaves at **seven**.' });
const tag = line(40).transform((value) => value.trim());
const tags = z
  .array(tag.refine((value) => value !== '', 'should not be blank'))
  .max(20, 'should have at most 20 tags');
const attachments = z
  .array(id)
  .max(50, 'should have at most 50 files')
  .meta({ description: 'Ids of files of yours. Who may read the document may read them.' });

export const author = z
  .object({ id: z.string(), displayName: z.string(), avatarUrl: z.string().nullable() })
  .meta({ id: 'Author' });

export const document = z
  .object({
    id: z.string(),
    title: z.string(),
    body: z.string().meta({ description: 'Markdown, as it was written.' }),
    bodyHtml: z.string().meta({ description: 'The body as HTML, safe to show.' }),
    tags: z.array(z.string()),
    author,
    attachments: z.array(file),
    visibility,
    version: z.number().int().meta({ description: 'Counts edits.' }),
    commentCount: z.number().int(),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'Document' });

export const trashedDocument = document
  .extend({ deletedAt: time.nullable() })
  .meta({ id: 'TrashedDocument' });

export const versionSummary = z
  .object({
    version: z.number().int(),
    title: z.string(),
    visibility,
    editor: author,
    changes: z
      .array(z.enum(['title', 'body', 'tags', 'attachments', 'visibility']))
      .meta({ description: 'What differs from the version before.' }),
    createdAt: time,
  })
  .meta({ id: 'DocumentVersionSummary' });

export const documentVersion = versionSummary
  .extend({ body: z.string(), tags: z.array(z.string()), attachments: z.array(file) })
  .meta({ id: 'DocumentVersion' });

const versionParams = idParams.extend({ version: queryNumber(1, MOST_VERSION) });

/** How clients keep from overwriting what they have not seen. */
export const ifMatch = {
  'If-Match':
    'The ETag of what was read: the change is refused when somebody else made one since. A comment that came since is none. Without it the last writer of a field wins.',
};
export const tagged = { ETag: 'For `If-Match` and `If-None-Match`.' };
export const idempotencyKey = {
  'Idempotency-Key': 'The same key and body within 24 hours gets the first answer again.',
};

export const createDocument = endpoint({
  id: 'createDocument',
  method: 'post',
  path: `${API}/documents`,
  tag: TAG,
  summary: 'Write a document',
  access: 'signed-in',
  query: noQuery,
  headers: idempotencyKey,
  body: z.strictObject({
    title,
    body,
    tags: tags.optional(),
    attachments: attachments.optional(),
    visibility: visibility.optional().meta({ description: 'private without it.' }),
  }),
  responses: {
    201: {
      description: 'The document.',
      schema: document,
      headers: { Location: 'The path of the document.', ...tagged },
    },
  },
  errors: ['not_found', 'conflict', 'too_large', 'idempotency_mismatch', 'rate_limited'],
});

export const listDocuments = endpoint({
  id: 'listDocuments',
  method: 'get',
  path: `${API}/documents`,
  tag: TAG,
  summary: 'Public documents and your own, newest first',
  description: SHORT_PAGES,
  access: 'optional',
  query: pageQuery.extend({
    q: text(1, 200).optional().meta({
      description:
        'Words that all have to occur in the title or the body, in any order; beginnings of words are enough, and of Chinese any part.',
    }),
    tag: line(40).optional().meta({ description: 'In any case.' }),
    author: id.optional().meta({ description: 'The id of a user.' }),
  }),
  responses: { 200: { description: 'A page.', schema: pageOf(document) } },
  errors: [],
});

export const getDocument = endpoint({
  id: 'getDocument',
  method: 'get',
  path: `${API}/documents/:id`,
  tag: TAG,
  summary: 'A document',
  access: 'optional',
  params: idParams,
  query: noQuery,
  headers: { 'If-None-Match': 'The ETag of what is there already.' },
  responses: {
    200: { description: 'The document.', schema: document, headers: tagged },
    304: { description: 'Nothing has changed.' },
  },
  errors: ['not_found'],
});

export const updateDocument = endpoint({
  id: 'updateDocument',
  method: 'patch',
  path: `${API}/documents/:id`,
  tag: TAG,
  summary: 'Change a document of yours',
  description:
    'Only what the body has. A 412 brings the document as it is now as `current`, and its ETag. What changes nothing makes no version.',
  access: 'signed-in',
  params: idParams,
  query: noQuery,
  headers: ifMatch,
  body: z.strictObject({
    title: title.optional(),
    body: body.optional(),
    tags: tags.optional(),
    attachments: attachments.optional(),
    visibility: visibility.optional(),
  }),
  responses: { 200: { description: 'The document.', schema: document, headers: tagged } },
  errors: ['not_found', 'conflict', 'precondition_failed', 'too_large', 'rate_limited'],
});

export const deleteDocument = endpoint({
  id: 'deleteDocument',
  method: 'delete',
  path: `${API}/documents/:id`,
  tag: TAG,
  summary: 'Put a document of yours into the trash',
  description: 'From where it can be restored for 30 days. Admins may do this to any document.',
  access: 'signed-in',
  params: idParams,
  query: noQuery,
  headers: ifMatch,
  responses: { 204: { description: 'It is in the trash.' } },
  errors: ['not_found', 'precondition_failed'],
});

export const listVersions = endpoint({
  id: 'listDocumentVersions',
  method: 'get',
  path: `${API}/documents/:id/versions`,
  tag: TAG,
  summary: 'What a document of yours is and was, newest first',
  access: 'signed-in',
  params: idParams,
  query: pageQuery.extend({ cursor: queryNumber(1, MOST_VERSION).optional() }),
  responses: { 200: { description: 'A page.', schema: pageOf(versionSummary) } },
  errors: ['not_found'],
});

export const getVersion = endpoint({
  id: 'getDocumentVersion',
  method: 'get',
  path: `${API}/documents/:id/versions/:version`,
  tag: TAG,
  summary: 'A version of a document of yours',
  access: 'signed-in',
  params: versionParams,
  query: noQuery,
  responses: { 200: { description: 'The version.', schema: documentVersion } },
  errors: ['not_found'],
});

export const restoreVersion = endpoint({
  id: 'restoreDocumentVersion',
  method: 'post',
  path: `${API}/documents/:id/versions/:version/restore`,
  tag: TAG,
  summary: 'Make an old version of a document the newest',
  description: 'Its visibility stays as it is now, and files that are deleted stay so.',
  access: 'signed-in',
  params: versionParams,
  query: noQuery,
  headers: ifMatch,
  body: z.strictObject({}).optional(),
  responses: { 200: { description: 'The document.', schema: document, headers: tagged } },
  errors: ['not_found', 'conflict', 'precondition_failed', 'rate_limited'],
});
