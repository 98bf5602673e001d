import formReader from '@koa/multer';
import { MulterError, type Options, type StorageEngine } from 'multer';
import type { Readable } from 'node:stream';
import { InvalidRequest, UnsupportedMediaType } from '../errors';
import type { ByteSource } from '../models/blobs';
import type { Context } from '../middleware/context';
import { refuseContentCoding } from './content-coding';

/** A file in a form, while it comes. */
export interface IncomingFile {
  /** As the client sent it. */
  name: string;
  type: string;
  bytes: ByteSource;
}

interface FormFile<T> {
  /** The name of its field. */
  field: string;
  /** Streams the file to where it belongs; gets the text fields that came before it. */
  take: (file: IncomingFile, fieldsBefore: FormFields) => Promise<T>;
  /** Undoes `take` when the rest of the form turns out wrong. */
  drop?: (taken: T) => Promise<void>;
  /** The most text fields that may come along; 10 unless given. */
  mostFields?: number;
}

/** Text fields by name; one that came twice is no text. */
export type FormFields = Record<string, unknown>;

interface Form<T> {
  /** What `take` made of the file. */
  taken: T;
  /** The text fields, before and after the file. */
  fields: FormFields;
}

const MOST_FIELDS = 10;
const FIELD_BYTES = 64 * 1024;

/**
 * Reads a form with exactly one file, which streams through `take`: it is never held whole, in memory or anywhere.
 * @throws `UnsupportedMediaType`, `InvalidRequest` when the file is missing or there is more, and what `take` throws
 */
export async function receiveForm<T>(
  ctx: Context,
  { field, take, drop, mostFields = MOST_FIELDS }: FormFile<T>,
): Promise<Form<T>> {
  if (!ctx.is('multipart/form-data'))
    throw new UnsupportedMediaType('The body should be multipart/form-data.');
  refuseContentCoding(ctx);
  let taking: Promise<T> | undefined;
  // Multer reports an error only when the whole body has come, which may be long after it is certain.
  let refuse: (error: unknown) => void = () => undefined;
  const refused = new Promise<never>((_, reject) => {
    refuse = reject;
  });
  // What `take` throws at once is thrown in the middle of the parser otherwise, where nobody catches it.
  const begin: typeof take = async (file, fieldsBefore) => take(file, fieldsBefore);
  const storage: StorageEngine = {
    _handleFile(request, { fieldname, originalname: name, mimetype: type, stream }, done) {
      const first = fieldname === field && taking === undefined;
      const handled = first
        ? (taking = begin({ name, type, bytes: piecesOf(stream) }, { ...(request.body as FormFields) }))
        : Promise.reject(InvalidRequest.of([{ path: fieldname, message: 'is not the one file expected' }]));
      handled.then(
        () => done(null, {}),
        (error: unknown) => {
          refuse(error);
          stream.resume();
          done(error);
        },
      );
    },
    _removeFile: (_request, _file, done) => done(null),
  };
  try {
    await Promise.race([read(ctx, storage, mostFields), refused]);
    if (!taking) throw InvalidRequest.of([{ path: field, message: 'should be the file' }]);
    return { taken: await taking, fields: { ...(ctx.request.body as object | undefined) } };
  } catch (error) {
    // Nobody waits for this: should it fail, too, the clean-up removes what was taken.
    taking?.then(drop).catch(() => undefined);
    throw error;
  }
}

async function read(ctx: Context, storage: StorageEngine, mostFields: number): Promise<void> {
  // One part is the file, and one more is what is told of as too many.
  const limits = { fields: mostFields, fieldSize: FIELD_BYTES, parts: mostFields + 2 };
  // Names come as they were sent: `preservePath` keeps busboy from making nothing of `..`.
  const options: Options = { storage, limits, defParamCharset: 'utf8', preservePath: true };
  try {
    // The types of @koa/multer lag behind those of the multer that it wraps.
    await formReader(options as object).any()(ctx, () => Promise.resolve());
  } catch (error) {
    throw error instanceof MulterError ? error : malformed(error);
  }
}

/** An error of the stream is one of the form around it; leaving early does not end the form. */
async function* piecesOf(stream: Readable): ByteSource {
  try {
    yield* stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  } catch (error) {
    throw malformed(error);
  }
}

function malformed(cause: unknown): InvalidRequest {
  return new InvalidRequest('The form is malformed or ends too early.', { cause });
}
