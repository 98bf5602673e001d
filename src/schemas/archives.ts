import { z } from 'zod';
import { API, id, noQuery, time } from './common';
import { endpoint } from './endpoint';
import { fileName } from './files';

const MOST_FILES = 1000;

export const newArchive = z
  .object({
    url: z.string().meta({ description: 'Needs no credentials. Shown only here.' }),
    size: z.number().int().meta({ description: 'Bytes.' }),
    expiresAt: time,
  })
  .meta({ id: 'NewArchive' });

export const createArchive = endpoint({
  id: 'createArchive',
  method: 'post',
  path: `${API}/archives`,
  tag: 'Archives',
  summary: 'Several files as one ZIP file',
  description:
    'Makes an address from which anybody can read the files that you may read, as a ZIP file that is made as it is sent. Its bytes stay the same, so that it has ranges and can be resumed like a file. It is 410 once it has expired, or once one of the files was deleted or may not be read by you any more. Files with equal names are numbered. 503 when files have to be read for it that never were: ask again.',
  access: 'signed-in',
  query: noQuery,
  body: z.strictObject({
    fileIds: z
      .array(id)
      .min(1, 'should name at least one file')
      .max(MOST_FILES, `should name at most ${MOST_FILES} files`)
      .meta({ description: 'In the order that they have in the archive.' }),
    name: fileName.meta({
      description: 'Of the archive; `.zip` is added where it is missing.',
      example: '照片.zip',
    }),
  }),
  responses: {
    201: {
      description: 'Where the archive is.',
      schema: newArchive,
      headers: { Location: 'The same as `url`.' },
    },
  },
  errors: ['not_found', 'rate_limited'],
});
