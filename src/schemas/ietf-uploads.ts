import { z } from 'zod';
import { idParams, pretty, visibility } from './common';
import { endpoint } from './endpoint';
import { fileBody, fileName } from './files';

const TAG = 'Resumable Uploads for HTTP';

const version = {
  'Upload-Draft-Interop-Version':
    'Of draft-ietf-httpbis-resumable-upload: 5 to 9. Only with it, and Upload-Complete, are there answers of 104.',
};

const bodyFields = {
  ...version,
  'Upload-Complete': '`?1`: with this body the upload is complete.',
  'Upload-Length': 'Bytes of the whole.',
  'Content-Digest': 'Of the body, by RFC 9530. Wrong: 422, nothing of it is kept.',
  'Want-Repr-Digest': '`sha-256=1`: the final answer then has Repr-Digest.',
};

const progress = {
  'Upload-Offset': 'Bytes that are there.',
  'Upload-Complete': '`?1` once the upload is a file.',
  'Upload-Limit':
    '`max-size` in bytes, and of an open upload `max-age` in seconds (`expires` up to version 6).',
  'Ferry-File-Id': 'Of the file, once the upload is complete.',
};

const bodyErrors = [
  'conflict',
  'too_large',
  'quota_exceeded',
  'unsupported_media_type',
  'digest_mismatch',
  'timeout',
  'out_of_space',
];

export const describeIetfUploads = endpoint({
  id: 'describeIetfUploads',
  method: 'options',
  path: '/upload-draft/',
  tag: TAG,
  summary: 'What uploads by the draft may be',
  access: 'public',
  responses: {
    204: {
      description: 'They are possible.',
      headers: {
        'Accept-Patch': '`application/partial-upload`',
        'Upload-Limit': '`max-size`: bytes of the largest file.',
      },
    },
  },
  errors: [],
});

export const createIetfUpload = endpoint({
  id: 'createIetfUpload',
  method: 'post',
  path: '/upload-draft/',
  tag: TAG,
  summary: 'Begin an upload by the draft, or send a file in one request',
  description:
    'The body is the whole, or with `Upload-Complete: ?0` its beginning. Answers of 104 tell the address of the upload at once, and how many bytes are safe while more come. What has come of a body that breaks off stays, where the address was told.',
  access: 'signed-in',
  query: z.strictObject({
    pretty,
    name: fileName.optional().meta({ description: 'Of the file, instead of Content-Disposition.' }),
    visibility: visibility.optional(),
  }),
  headers: {
    ...bodyFields,
    'Content-Type': 'Of the file.',
    'Content-Disposition': 'Its `filename` is the name of the file.',
    'Repr-Digest': 'SHA-256 of the whole, checked when it is complete.',
  },
  streamedBody: { description: 'Bytes of the file.', types: { '*/*': null } },
  responses: {
    201: {
      description: 'The file, or with `Upload-Complete: ?0` an upload that is open.',
      schema: fileBody,
      headers: { Location: 'The address of the upload.', ...progress },
    },
  },
  errors: [...bodyErrors, 'rate_limited'],
});

export const headIetfUpload = endpoint({
  id: 'headIetfUpload',
  method: 'head',
  path: '/upload-draft/:id',
  tag: TAG,
  summary: 'How far an upload by the draft is',
  description: 'A request that still sends to the upload is interrupted.',
  access: 'signed-in',
  params: idParams,
  headers: version,
  responses: {
    204: {
      description: 'Where to go on.',
      headers: { ...progress, 'Upload-Length': 'Bytes of the whole, once that is known.' },
    },
  },
  errors: ['not_found', 'gone', 'conflict'],
});

export const appendIetfUpload = endpoint({
  id: 'appendIetfUpload',
  method: 'patch',
  path: '/upload-draft/:id',
  tag: TAG,
  summary: 'Go on with an upload by the draft',
  description:
    'Problems have the types of the draft: `mismatching-upload-offset`, `completed-upload`, `inconsistent-upload-length`. More bytes than the upload has end it.',
  access: 'signed-in',
  params: idParams,
  headers: { ...bodyFields, 'Upload-Offset': 'Bytes that are there; 409 unless it is so.' },
  streamedBody: {
    description: 'The bytes from Upload-Offset on.',
    types: { 'application/partial-upload': null },
  },
  responses: {
    201: { description: 'The file, with the last bytes.', schema: fileBody, headers: progress },
    204: { description: 'The bytes are safe.', headers: progress },
  },
  errors: [...bodyErrors, 'not_found', 'gone'],
});

export const cancelIetfUpload = endpoint({
  id: 'cancelIetfUpload',
  method: 'delete',
  path: '/upload-draft/:id',
  tag: TAG,
  summary: 'Give an upload by the draft up',
  access: 'signed-in',
  params: idParams,
  headers: version,
  responses: { 204: { description: 'Its bytes are gone.' } },
  errors: ['not_found', 'gone'],
});
