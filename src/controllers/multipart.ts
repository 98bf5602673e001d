import formReader from '@koa/multer';
import type { Options, StorageEngine } from 'multer';
import { InvalidRequest, UnsupportedMediaType } from '../errors';
import type { ByteSource } from '../models/blobs';
import type { Context } from '../middleware/context';

/** A file in a form, while it comes. */
export interface IncomingFile {
  /** As the client sent it. */
  name: string;
  type: string;
  bytes: ByteSource;
}

interface Form<T> {
  /** What `take` made of the file. */
  taken: T;
  /** The text fields, before and after the file. */
  fields: Record<string, unknown>;
}

/**
 * Reads a form with exactly one file, which streams through `take`: it is never held whole, in memory or anywhere.
 * @param field name of the file's field
 * @throws `UnsupportedMediaType`, `InvalidRequest` when the file is missing or there is more, and what `take` throws
 */
export async function receiveForm<T>(
  ctx: Context,
  field: string,
  take: (file: IncomingFile) => Promise<T>,
): Promise<Form<T>> {
  if (!ctx.is('multipart/form-data'))
    throw new UnsupportedMediaType('The body should be multipart/form-data.');
  let taken: { value: T } | undefined;
  const storage: StorageEngine = {
    _handleFile(_request, { originalname, mimetype, stream }, done) {
      take({ name: originalname, type: mimetype, bytes: stream }).then(
        (value) => {
          taken = { value };
          done(null, {});
        },
        (error: unknown) => done(error),
      );
    },
    // Whoever took the bytes answers for them: there is nothing to remove here.
    _removeFile: (_request, _file, done) => done(null),
  };
  const options: Options = {
    storage,
    limits: { files: 1, fields: 10, fieldSize: 64 * 1024, parts: 11 },
    defParamCharset: 'utf8',
  };
  // The types of @koa/multer lag behind those of the multer that it wraps.
  const read = formReader(options as object).single(field);
  await read(ctx, () => Promise.resolve());
  if (!taken) throw InvalidRequest.of([{ path: field, message: 'should be the file' }]);
  return { taken: taken.value, fields: { ...(ctx.request.body as object | undefined) } };
}
