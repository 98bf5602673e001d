import { z } from 'zod';
import { text } from './common';
import { endpoint } from './endpoint';
import { file } from './files';

const TAG = 'Uploads of other clients';

const FILE_ID = { 'Ferry-File-Id': 'The id of the file, once there is one.' };

/** Of a field that its controller reads, wherever it is: here it is only described. */
const described = (description: string) => z.unknown().optional().meta({ description, type: 'string' });

/** Of a query with fields of other people's clients; what else is in it is the site's own. */
const openQuery = <T extends z.ZodRawShape>(fields: T) => z.looseObject(fields);

const chunkErrors = [
  'conflict',
  'chunk_conflict',
  'gone',
  'length_required',
  'too_large',
  'quota_exceeded',
  'unsupported_media_type',
  'rate_limited',
  'timeout',
  'out_of_space',
];

const PREFIXED =
  'The fields are those of resumable.js (`resumableChunkNumber`), of flow.js (`flowChunkNumber`), or of simple-uploader.js, which has no prefix.';

const resumableQuery = openQuery({
  chunkNumber: described('Counted from 1.'),
  chunkSize: described('Bytes of every chunk but the last.'),
  currentChunkSize: described('Bytes of this chunk.'),
  totalSize: described('Bytes of the whole.'),
  totalChunks: described('How many chunks.'),
  identifier: described('What the client calls the file: with the rest, a key among your uploads.'),
  filename: described('The name of the file.'),
  relativePath: described('The name with its folders.'),
});

export const resumableReceipt = z
  .object({
    uploadId: z.string(),
    receivedBytes: z.number().int(),
    url: z.string().optional(),
    file: file.optional(),
  })
  .meta({ id: 'ResumableReceipt' });

export const testResumableChunk = endpoint({
  id: 'testResumableChunk',
  method: 'get',
  path: '/compat/resumable',
  tag: TAG,
  summary: 'Whether a chunk need not be sent',
  description: PREFIXED,
  access: 'uploader',
  query: resumableQuery,
  responses: {
    200: { description: 'The chunk is there.', schema: z.object({ uploaded: z.literal(true) }) },
    204: { description: 'The chunk has to be sent.' },
  },
  errors: [],
});

export const postResumableChunk = endpoint({
  id: 'postResumableChunk',
  method: 'post',
  path: '/compat/resumable',
  tag: TAG,
  summary: 'Send a chunk as resumable.js, flow.js and simple-uploader.js do',
  description: `${PREFIXED} They are in the form before the file, or in the query. With the last chunk the upload becomes a file.`,
  access: 'uploader',
  query: resumableQuery,
  streamedBody: {
    description: 'The field `file`, or the bytes alone.',
    types: {
      'multipart/form-data': z.looseObject({ file: z.string().meta({ format: 'binary' }) }),
      'application/octet-stream': null,
    },
  },
  responses: {
    200: {
      description: 'The chunk is safe; `file` once the upload is complete.',
      schema: resumableReceipt,
      headers: FILE_ID,
    },
  },
  errors: chunkErrors,
});

const fileHash = text(1, 256).meta({
  description: 'What the client calls the content; a key among your uploads.',
  example: '9e107d9d372bb6826bd81d3542a419d6',
});

const clientFileName = text(1, 1024).meta({ description: 'Of the whole.', example: '照片.jpg' });

export const mergedFile = z.object({ url: z.string(), file }).meta({ id: 'MergedFile' });

export const verifyUpload = endpoint({
  id: 'verifyUpload',
  method: 'post',
  path: '/compat/verify',
  tag: TAG,
  summary: 'Which chunks of a file are there',
  description: 'Content that you have uploaded before need not be sent again.',
  access: 'uploader',
  query: openQuery({}),
  body: z.object({ filename: clientFileName, fileHash }),
  responses: {
    200: {
      description: 'What is there.',
      schema: z
        .object({
          shouldUpload: z.boolean(),
          uploadedList: z.array(z.string()).meta({ example: ['9e107d9d372bb6826bd81d3542a419d6-0'] }),
          url: z.string().optional(),
          file: file.optional(),
        })
        .meta({ id: 'VerifiedUpload' }),
      headers: FILE_ID,
    },
  },
  errors: ['quota_exceeded', 'unsupported_media_type'],
});

export const postHashedChunk = endpoint({
  id: 'postHashedChunk',
  method: 'post',
  path: '/compat/chunk',
  tag: TAG,
  summary: 'Send a chunk that is named by the hash of its file and its number',
  description:
    'All chunks have one length, but for the last, which may be shorter. The fields may follow the chunk.',
  access: 'uploader',
  query: openQuery({}),
  streamedBody: {
    description: 'The field `chunk`, and before or after it the others.',
    types: {
      'multipart/form-data': z.looseObject({
        chunk: z.string().meta({ format: 'binary' }),
        hash: z.string().meta({ description: '`<fileHash>-<number counted from 0>`' }),
        fileHash,
        filename: clientFileName,
      }),
    },
  },
  responses: {
    200: {
      description: 'The chunk is safe.',
      schema: z.object({ hash: z.string() }).meta({ id: 'HashedChunkReceipt' }),
    },
  },
  errors: chunkErrors,
});

export const mergeUpload = endpoint({
  id: 'mergeUpload',
  method: 'post',
  path: '/compat/merge',
  tag: TAG,
  summary: 'Make the chunks a file',
  description: 'Doing it again gives the same file.',
  access: 'uploader',
  query: openQuery({}),
  body: z.object({
    filename: clientFileName,
    fileHash,
    size: z
      .number()
      .int()
      .min(1)
      .max(Number.MAX_SAFE_INTEGER)
      .meta({ description: 'Bytes of every chunk but the last.' }),
  }),
  responses: { 200: { description: 'The file.', schema: mergedFile, headers: FILE_ID } },
  errors: ['conflict', 'upload_incomplete', 'gone', 'quota_exceeded', 'unsupported_media_type'],
});

const identifier = text(1, 1024).meta({
  description: 'What the client calls the file; a key among your uploads.',
});

const wechatFile = openQuery({ identifier, fileName: text(0, 1024).default('') });

export const verifyWechatUpload = endpoint({
  id: 'verifyWechatUpload',
  method: 'get',
  path: '/compat/wechat/verify',
  tag: TAG,
  summary: 'Which chunks of a file are there, for miniprogram-file-uploader',
  access: 'uploader',
  query: wechatFile,
  responses: {
    200: {
      description: 'What is there.',
      schema: z
        .object({
          needUpload: z.boolean(),
          uploadedChunks: z.array(z.number().int()),
          url: z.string().meta({ description: 'Empty while there is no file.' }),
        })
        .meta({ id: 'VerifiedWechatUpload' }),
      headers: FILE_ID,
    },
  },
  errors: [],
});

export const postWechatChunk = endpoint({
  id: 'postWechatChunk',
  method: 'post',
  path: '/compat/wechat/upload',
  tag: TAG,
  summary: 'Send a chunk as miniprogram-file-uploader does',
  access: 'uploader',
  query: openQuery({
    identifier: described('What the client calls the file; a key among your uploads.'),
    index: described('Counted from 0.'),
    chunkSize: described('Bytes of this chunk.'),
    fileName: described('Of the whole.'),
    totalChunks: described('How many chunks.'),
    totalSize: described('Bytes of the whole.'),
  }),
  streamedBody: { description: 'The bytes of the chunk.', types: { 'application/octet-stream': null } },
  responses: {
    200: {
      description: 'The chunk is safe.',
      schema: z.object({ index: z.number().int() }).meta({ id: 'WechatChunkReceipt' }),
    },
  },
  errors: chunkErrors,
});

export const mergeWechatUpload = endpoint({
  id: 'mergeWechatUpload',
  method: 'get',
  path: '/compat/wechat/merge',
  tag: TAG,
  summary: 'Make the chunks a file, for miniprogram-file-uploader',
  description:
    'With a cookie only from our own pages: it changes something although it is a GET. Doing it again gives the same file.',
  access: 'uploader',
  query: wechatFile,
  responses: { 200: { description: 'The file.', schema: mergedFile, headers: FILE_ID } },
  errors: ['cross_site', 'conflict', 'upload_incomplete', 'gone', 'quota_exceeded'],
});
