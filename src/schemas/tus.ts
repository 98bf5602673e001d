import { idParams } from './common';
import { endpoint } from './endpoint';

const TAG = 'tus 1.0';

const resumable = { 'Tus-Resumable': '`1.0.0`; any other one is answered 412.' };

const bytesBody = {
  description: 'The bytes from Upload-Offset on.',
  types: { 'application/offset+octet-stream': null },
};

const progress = {
  'Upload-Offset': 'Bytes that are there.',
  'Upload-Expires': 'When the upload ends unless bytes come; not once it is complete.',
  'Ferry-File-Id': 'Of the file, once it is complete.',
};

const checksum = {
  'Upload-Checksum': 'Of the body: `sha1` or `sha256` and the digest in Base64. Wrong: 460, nothing is kept.',
};

const override = {
  'X-HTTP-Method-Override': 'PATCH, HEAD or DELETE, in a POST of clients that can send nothing else.',
};

const bodyErrors = [
  'conflict',
  'too_large',
  'quota_exceeded',
  'unsupported_media_type',
  'timeout',
  'out_of_space',
];

export const createTusUpload = endpoint({
  id: 'createTusUpload',
  method: 'post',
  path: '/tus/',
  tag: TAG,
  summary: 'Begin an upload by tus',
  description:
    'tus 1.0 with creation, creation-with-upload, creation-defer-length, checksum, expiration, termination and concatenation; OPTIONS tells. The upload becomes a file with its last byte. The same pieces concatenated again give the same upload.',
  access: 'signed-in',
  headers: {
    ...resumable,
    'Upload-Length': 'Bytes of the whole.',
    'Upload-Defer-Length': '`1`: the length is said later, with a PATCH.',
    'Upload-Metadata':
      'Keys and values in Base64: `filename` or `name`, `filetype` or `type`, `sha256` in hexadecimal, `visibility`; others are kept.',
    'Upload-Concat': '`partial`, or `final;` and the addresses of partial uploads that are whole.',
    ...checksum,
  },
  responses: {
    201: {
      description: 'The upload is open, or complete.',
      headers: { Location: 'The address of the upload.', ...progress },
    },
  },
  errors: [...bodyErrors, 'precondition_failed', 'gone', 'forbidden', 'rate_limited'],
});

export const headTusUpload = endpoint({
  id: 'headTusUpload',
  method: 'head',
  path: '/tus/:id',
  tag: TAG,
  summary: 'How far an upload by tus is',
  description: 'A request that still sends to the upload is interrupted.',
  access: 'signed-in',
  params: idParams,
  headers: resumable,
  responses: {
    200: {
      description: 'Where to go on.',
      headers: {
        ...progress,
        'Upload-Length': 'Bytes of the whole, once that is known.',
        'Upload-Defer-Length': '`1` until then.',
        'Upload-Metadata': 'As it was sent.',
        'Upload-Concat': 'As it was sent.',
      },
    },
  },
  errors: ['not_found', 'gone', 'precondition_failed'],
});

export const patchTusUpload = endpoint({
  id: 'patchTusUpload',
  method: 'patch',
  path: '/tus/:id',
  tag: TAG,
  summary: 'Go on with an upload by tus',
  description: 'What has come of a body that breaks off stays, unless it has a checksum.',
  access: 'signed-in',
  params: idParams,
  headers: {
    ...resumable,
    ...override,
    ...checksum,
    'Upload-Offset': 'Bytes that are there; 409 unless it is so.',
    'Upload-Length': 'Bytes of the whole, where that was deferred.',
  },
  streamedBody: bytesBody,
  responses: { 204: { description: 'The bytes are safe.', headers: progress } },
  errors: [...bodyErrors, 'precondition_failed', 'not_found', 'gone', 'forbidden'],
});

export const terminateTusUpload = endpoint({
  id: 'terminateTusUpload',
  method: 'delete',
  path: '/tus/:id',
  tag: TAG,
  summary: 'Give an upload by tus up',
  access: 'signed-in',
  params: idParams,
  headers: { ...resumable, ...override },
  responses: { 204: { description: 'Its bytes are gone.' } },
  errors: ['not_found', 'gone', 'forbidden', 'precondition_failed'],
});
