import { z } from 'zod';
import { API, idParams, noQuery, pageOf, pageQuery, pretty, sha256, text, time, visibility } from './common';
import { endpoint } from './endpoint';

const TAG = 'Files';

export const fileName = text(1, 1024).meta({
  description: 'Only its last path segment is kept.',
  example: '照片.jpg',
});

export const file = z
  .object({
    id: z.string(),
    name: z.string(),
    size: z.number().int().meta({ description: 'Bytes.' }),
    type: z.string().meta({ description: 'Media type.' }),
    sha256,
    visibility,
    contentUrl: z.string(),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'File' });

export const fileBody = z.object({ file });

export const createFile = endpoint({
  id: 'createFile',
  method: 'post',
  path: `${API}/files`,
  tag: TAG,
  summary: 'Send a small file in one request',
  description:
    'The bytes are streamed to storage as they come. Larger files, and networks that break, want an upload.',
  access: 'signed-in',
  query: noQuery,
  streamedBody: {
    description: 'The field `file` and, before or after it, `visibility`.',
    types: {
      'multipart/form-data': z.object({
        file: z.string().meta({ format: 'binary' }),
        visibility: visibility.optional(),
      }),
    },
  },
  responses: {
    201: { description: 'The file.', schema: fileBody, headers: { Location: 'The path of the file.' } },
  },
  errors: ['too_large', 'quota_exceeded', 'unsupported_media_type', 'out_of_space'],
});

export const listFiles = endpoint({
  id: 'listFiles',
  method: 'get',
  path: `${API}/files`,
  tag: TAG,
  summary: 'Your files, newest first',
  access: 'signed-in',
  query: pageQuery.extend({
    q: text(1, 200).optional().meta({ description: 'A part of the name, in any case.' }),
  }),
  responses: { 200: { description: 'A page.', schema: pageOf(file) } },
  errors: [],
});

export const getFile = endpoint({
  id: 'getFile',
  method: 'get',
  path: `${API}/files/:id`,
  tag: TAG,
  summary: 'A file',
  access: 'optional',
  params: idParams,
  query: noQuery,
  responses: { 200: { description: 'The file.', schema: file, headers: { ETag: 'Strong.' } } },
  errors: ['not_found'],
});

export const updateFile = endpoint({
  id: 'updateFile',
  method: 'patch',
  path: `${API}/files/:id`,
  tag: TAG,
  summary: 'Rename a file or change who may read it',
  access: 'signed-in',
  params: idParams,
  query: noQuery,
  body: z.strictObject({ name: fileName.optional(), visibility: visibility.optional() }),
  responses: { 200: { description: 'The file.', schema: file } },
  errors: ['not_found'],
});

export const deleteFile = endpoint({
  id: 'deleteFile',
  method: 'delete',
  path: `${API}/files/:id`,
  tag: TAG,
  summary: 'Delete a file',
  description: 'Not while a document uses it, also one in the trash: a 409 names them as `documents`.',
  access: 'signed-in',
  params: idParams,
  query: noQuery,
  responses: { 204: { description: 'It is gone.' } },
  errors: ['not_found', 'conflict'],
});

export const manifest = z
  .object({
    size: z.number().int().meta({ description: 'Bytes.' }),
    etag: z.string().meta({ description: 'Of the content, for `If-Range` and `If-Match`.' }),
    pieceSize: z.number().int().meta({
      description: 'Piece `i` is the bytes from `i * pieceSize` up to `min((i + 1) * pieceSize, size)`.',
    }),
    pieces: z.array(sha256).meta({ description: 'SHA-256 of each piece; none of an empty file.' }),
  })
  .meta({ id: 'Manifest' });

export const getFileManifest = endpoint({
  id: 'getFileManifest',
  method: 'get',
  path: `${API}/files/:id/manifest`,
  tag: TAG,
  summary: 'The pieces of a file, to be fetched and checked one by one',
  description:
    'For clients that can only fetch pieces. The digests are computed when they are first asked for; 503 while that takes long: ask again.',
  access: 'optional',
  params: idParams,
  query: noQuery,
  headers: { 'If-None-Match': '304 when the manifest is that one.' },
  responses: {
    200: { description: 'The manifest.', schema: manifest, headers: { ETag: 'Strong.' } },
    304: { description: 'The manifest is the one of If-None-Match.' },
  },
  errors: ['not_found'],
});

export const contentQuery = z.strictObject({
  pretty,
  download: z.string().optional().meta({ description: 'Answers as an attachment, to be saved.' }),
});

/** Of a request for content. */
export const contentHeaders = {
  Range: 'Which bytes, e.g. `bytes=1048576-`.',
  'If-Range': 'The ETag that the range is meant for.',
  'If-Match': '412 when the content is another one.',
  'If-None-Match': '304 when the content is that one.',
  'Want-Repr-Digest': 'Asks for the digest of the whole (RFC 9530).',
};

export const contentResponses = {
  200: {
    description: 'The whole.',
    type: 'application/octet-stream',
    headers: {
      ETag: 'Strong.',
      'Accept-Ranges': 'bytes',
      'Repr-Digest': 'SHA-256 of the whole (RFC 9530).',
      'Content-Disposition': 'The name, by RFC 6266.',
    },
  },
  206: {
    description: 'A range, or several as multipart/byteranges.',
    type: 'application/octet-stream',
    headers: { 'Content-Range': 'Which bytes these are.' },
  },
  304: { description: 'The content is the one of If-None-Match.' },
};

export const getFileContent = endpoint({
  id: 'getFileContent',
  method: 'get',
  path: `${API}/files/:id/content`,
  tag: TAG,
  summary: 'The bytes of a file',
  description:
    'Ranges and conditions by RFC 9110, also several ranges at once. The ETag is strong and made of the content, so that a download that broke off goes on where it stopped.',
  access: 'optional',
  params: idParams,
  query: contentQuery,
  headers: contentHeaders,
  responses: contentResponses,
  errors: ['not_found', 'precondition_failed', 'range_not_satisfiable'],
});
