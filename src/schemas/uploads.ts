import { z } from 'zod';
import { API, id, idParams, noQuery, pageOf, pageQuery, sha256, time, visibility } from './common';
import { endpoint } from './endpoint';
import { file, fileBody, fileName } from './files';

const TAG = 'Uploads';

const size = z
  .number()
  .int()
  .min(0)
  .max(Number.MAX_SAFE_INTEGER)
  .meta({ description: 'Bytes.', example: 1_073_741_824 });

const indexRanges = z
  .array(z.tuple([z.number().int(), z.number().int()]))
  .meta({ description: 'Ranges of chunk indices, both ends included.', example: [[0, 12]] });

export const upload = z
  .object({
    id: z.string(),
    name: z.string(),
    size,
    type: z.string(),
    chunkSize: z.number().int().meta({
      description: 'Bytes of every chunk but the last. It may differ from what was asked for.',
    }),
    chunkCount: z.number().int(),
    received: indexRanges,
    receivedBytes: z.number().int(),
    state: z.enum(['open', 'complete', 'aborted', 'expired']),
    expiresAt: time,
    sizeDeferred: z.literal(true).optional().meta({
      description: 'Its client says later how long it is: `size` is what has come so far.',
    }),
    file: file.optional().meta({ description: 'Once it is complete.' }),
  })
  .meta({ id: 'Upload' });

const chunkReceipt = z
  .object({ index: z.number().int(), receivedBytes: z.number().int(), received: indexRanges })
  .meta({ id: 'ChunkReceipt' });

const chunkParams = z.strictObject({
  id,
  index: z
    .string()
    .regex(/^(0|[1-9]\d{0,15})$/, 'should be the number of a chunk, counted from 0')
    .transform(Number)
    .meta({ override: { type: 'integer', minimum: 0 } }),
});

const digestHeader = {
  'Content-Digest':
    'Of the bytes of the chunk, by RFC 9530: `sha-256=:…:` or `sha-512=:…:`. Wrong: 422, nothing is kept.',
};

const chunkErrors = [
  'not_found',
  'conflict',
  'chunk_conflict',
  'gone',
  'length_required',
  'too_large',
  'digest_mismatch',
  'timeout',
  'out_of_space',
];

const proof = z
  .object({
    nonce: z.string(),
    ranges: z.array(z.tuple([z.number().int(), z.number().int()])).meta({
      description: 'Offset and length, in bytes.',
    }),
    expiresAt: time,
  })
  .meta({
    description:
      'With `INSTANT_UPLOAD=proof`, when the content is stored here: whoever has it can complete the upload without sending it.',
  });

export const createUpload = endpoint({
  id: 'createUpload',
  method: 'post',
  path: `${API}/uploads`,
  tag: TAG,
  summary: 'Begin an upload',
  description:
    'Answers 200 with a complete upload when `sha256` is given and you may read that content already: nothing needs to be sent. A size of 0 is complete at once.',
  access: 'signed-in',
  query: noQuery,
  headers: { 'Idempotency-Key': 'The same key and body within 24 hours get the first answer again.' },
  body: z.strictObject({
    name: fileName,
    size,
    type: z.string().max(255).optional().meta({ description: 'Media type.', example: 'image/jpeg' }),
    chunkSize: z
      .number()
      .int()
      .min(1)
      .max(Number.MAX_SAFE_INTEGER)
      .optional()
      .meta({ description: 'A wish, in bytes.' }),
    sha256: sha256.optional().meta({ description: 'Of the whole, checked when it is completed.' }),
    visibility: visibility.optional(),
  }),
  responses: {
    201: {
      description: 'The upload is open.',
      schema: upload.extend({ proof: proof.optional() }).meta({ id: 'CreatedUpload' }),
      headers: { Location: 'The path of the upload.' },
    },
    200: { description: 'The content is there already: the upload is complete.', schema: upload },
  },
  errors: ['too_large', 'quota_exceeded', 'idempotency_mismatch', 'conflict', 'rate_limited', 'out_of_space'],
});

export const listUploads = endpoint({
  id: 'listUploads',
  method: 'get',
  path: `${API}/uploads`,
  tag: TAG,
  summary: 'Your uploads, newest first',
  access: 'signed-in',
  query: pageQuery,
  responses: { 200: { description: 'A page.', schema: pageOf(upload) } },
  errors: [],
});

export const getUpload = endpoint({
  id: 'getUpload',
  method: 'get',
  path: `${API}/uploads/:id`,
  tag: TAG,
  summary: 'What of an upload is there',
  access: 'signed-in',
  params: idParams,
  query: noQuery,
  responses: { 200: { description: 'The upload.', schema: upload } },
  errors: ['not_found', 'gone'],
});

export const putChunk = endpoint({
  id: 'putChunk',
  method: 'put',
  path: `${API}/uploads/:id/chunks/:index`,
  tag: TAG,
  summary: 'Send a chunk',
  description:
    'In any order, any number at once. Once it is answered 200 the chunk survives a crash. The same bytes again are 200 as well. A body that breaks off leaves the chunk missing.',
  access: 'signed-in',
  params: chunkParams,
  query: noQuery,
  headers: digestHeader,
  streamedBody: {
    description: 'The bytes [index × chunkSize, min((index + 1) × chunkSize, size)).',
    types: { 'application/octet-stream': null },
  },
  responses: { 200: { description: 'The chunk is safe.', schema: chunkReceipt } },
  errors: chunkErrors,
});

export const postChunk = endpoint({
  id: 'postChunk',
  method: 'post',
  path: `${API}/uploads/:id/chunks/:index`,
  tag: TAG,
  summary: 'Send a chunk as a form',
  description: 'For clients such as wx.uploadFile that can send only forms.',
  access: 'signed-in',
  params: chunkParams,
  query: noQuery,
  headers: digestHeader,
  streamedBody: {
    description: 'The field `chunk`.',
    types: { 'multipart/form-data': z.object({ chunk: z.string().meta({ format: 'binary' }) }) },
  },
  responses: { 200: { description: 'The chunk is safe.', schema: chunkReceipt } },
  errors: [...chunkErrors, 'unsupported_media_type'],
});

export const completeUpload = endpoint({
  id: 'completeUpload',
  method: 'post',
  path: `${API}/uploads/:id/complete`,
  tag: TAG,
  summary: 'Make the upload a file',
  description: 'Doing it again gives the same file.',
  access: 'signed-in',
  params: idParams,
  query: noQuery,
  body: z.strictObject({ sha256: sha256.optional().meta({ description: 'Of the whole.' }) }).optional(),
  responses: {
    201: { description: 'The file.', schema: fileBody, headers: { Location: 'The path of the file.' } },
    200: { description: 'The file that it became before.', schema: fileBody },
  },
  errors: ['not_found', 'conflict', 'upload_incomplete', 'gone', 'digest_mismatch'],
});

export const proveUpload = endpoint({
  id: 'proveUpload',
  method: 'post',
  path: `${API}/uploads/:id/proof`,
  tag: TAG,
  summary: 'Show that you have the content',
  description:
    'Instead of sending the chunks: for each range that `proof` named, HMAC-SHA256 of its bytes with the characters of the nonce as the key. It can be tried once; the chunks can be sent all the same.',
  access: 'signed-in',
  params: idParams,
  query: noQuery,
  body: z.strictObject({ answers: z.array(sha256).min(1).max(64) }),
  responses: { 200: { description: 'The upload is complete.', schema: upload } },
  errors: ['forbidden', 'not_found', 'conflict', 'gone', 'rate_limited'],
});

export const abortUpload = endpoint({
  id: 'abortUpload',
  method: 'delete',
  path: `${API}/uploads/:id`,
  tag: TAG,
  summary: 'Give an upload up',
  access: 'signed-in',
  params: idParams,
  query: noQuery,
  responses: { 204: { description: 'Its bytes are gone.' } },
  errors: ['not_found', 'conflict', 'gone'],
});
