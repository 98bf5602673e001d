import { InvalidRequest, LengthMismatch, TooLarge, UnsupportedMediaType } from '../errors';
import { signedIn } from '../middleware/authenticate';
import type { Context } from '../middleware/context';
import { sendInformational } from '../middleware/informational';
import type { UploadRecord } from '../models/sql';
import { presentFile } from '../presenters/files';
import type * as schema from '../schemas/ietf-uploads';
import { completesByLength, formatBoolean } from '../services/http/draft-fields';
import { formatDigest, preferredDigest } from '../services/http/digests';
import type { Sequence, SequentialUploads } from '../services/sequential-uploads';
import type { Uploads } from '../services/uploads';
import type { Handler } from './controller';
import { asDraftSays, completedUpload } from './ietf-problems';
import { CLIENT_STATE, readRequest, requireOurs, type DraftRequest, type Named } from './ietf-requests';
import { mediaTypeSent, rawBody } from './raw-body';

export interface IetfUploadsController {
  describe: Handler<typeof schema.describeIetfUploads>;
  create: Handler<typeof schema.createIetfUpload>;
  head: Handler<typeof schema.headIetfUpload>;
  append: Handler<typeof schema.appendIetfUpload>;
  cancel: Handler<typeof schema.cancelIetfUpload>;
}

interface IetfUploadsControllerOptions {
  uploads: Uploads;
  sequentialUploads: SequentialUploads;
  linkBase: string;
}

/** Where clients of the draft find the server. */
export const IETF_DOOR = '/upload-draft/';

const PARTIAL_TYPE = 'application/partial-upload';

/** Resumable Uploads for HTTP, draft-ietf-httpbis-resumable-upload. */
export function ietfUploadsController(options: IetfUploadsControllerOptions): IetfUploadsController {
  const { uploads, sequentialUploads, linkBase } = options;
  const create = creator(options);
  const append = appender(options);

  return {
    describe(ctx) {
      ctx.status = 204;
      ctx.set('Allow', 'POST, OPTIONS');
      ctx.set('Accept-Patch', PARTIAL_TYPE);
      ctx.set('Upload-Limit', readRequest(ctx).limit(sequentialUploads, null));
    },

    async create(ctx, { query }) {
      const request = readRequest(ctx);
      ctx.set('Upload-Limit', request.limit(sequentialUploads, null));
      const sequence = await create(ctx, request, query).catch((error: unknown) => {
        throw asDraftSays(error, 0);
      });
      ctx.status = 201;
      if (request.isDraft) {
        ctx.set('Location', `${linkBase}${IETF_DOOR}${sequence.upload.id}`);
        showProgress(ctx, request, sequence, sequentialUploads);
      }
      showFile(ctx, sequence, linkBase);
    },

    async head(ctx, { params: { id } }) {
      const { userId } = signedIn(ctx);
      ctx.set('Cache-Control', 'no-store');
      await requireOurs(uploads, userId, id);
      const sequence = await sequentialUploads.find(userId, id);
      ctx.status = 204;
      showProgress(ctx, readRequest(ctx), sequence, sequentialUploads);
      if (!sequence.upload.sizeDeferred) ctx.set('Upload-Length', String(sequence.upload.size));
      if (sequence.file) ctx.set('Ferry-File-Id', sequence.file.id);
    },

    async append(ctx, { params: { id } }) {
      const request = readRequest(ctx);
      const sequence = await append(ctx, request, id);
      ctx.status = sequence.file ? 201 : 204;
      showProgress(ctx, request, sequence, sequentialUploads);
      showFile(ctx, sequence, linkBase);
    },

    async cancel(ctx, { params: { id } }) {
      const { userId } = signedIn(ctx);
      const upload = await requireOurs(uploads, userId, id);
      if (upload.state === 'complete') throw completedUpload();
      await sequentialUploads.abort(userId, id);
      ctx.status = 204;
    },
  };
}

/** It was complete by its length already; its client does not know that, and has now come to its end. */
function repeatsTheEnd({ version, offset, bodyLength }: DraftRequest, { size }: UploadRecord): boolean {
  return completesByLength(version) && offset === size && bodyLength === 0;
}

/** @returns what opens an upload and takes what of it comes in the same request */
function creator({ uploads, sequentialUploads, linkBase }: IetfUploadsControllerOptions) {
  return async function create(ctx: Context, request: DraftRequest, query: Named): Promise<Sequence> {
    const { userId } = signedIn(ctx);
    const { bodyLength, total } = request;
    // Without a word about it, the body is the whole.
    const last = request.complete ?? true;
    if (last && total !== null && bodyLength !== null && total !== bodyLength)
      throw new LengthMismatch(`The upload should have ${total} bytes, the body has ${bodyLength}.`);
    const size = total ?? (last ? bodyLength : null);
    const body = incoming(ctx, request);
    const { upload } = await uploads.create(userId, {
      ...request.attributes(query),
      size,
      instant: false,
      completion: size !== null && (last || completesByLength(request.version)) ? 'itself' : 'asked',
      clientState: CLIENT_STATE,
    });
    const announced =
      request.announces &&
      inform(ctx, request, {
        Location: `${linkBase}${IETF_DOOR}${upload.id}`,
        'Upload-Limit': request.limit(sequentialUploads, upload),
      });
    if (upload.state === 'complete' || (!last && bodyLength === 0)) {
      return sequentialUploads.find(userId, upload.id);
    }
    try {
      return await sequentialUploads.append(userId, upload.id, { ...body, offset: 0, last });
    } catch (error) {
      // Without the address nobody can go on with it.
      if (!announced || error instanceof TooLarge)
        await sequentialUploads.abort(userId, upload.id).catch(() => undefined);
      throw error;
    }
  };
}

/** @returns what takes the bytes that go on with an upload */
function appender({ uploads, sequentialUploads }: IetfUploadsControllerOptions) {
  return async function append(ctx: Context, request: DraftRequest, id: string): Promise<Sequence> {
    const { userId } = signedIn(ctx);
    const { offset, version } = request;
    if (mediaTypeSent(ctx) !== PARTIAL_TYPE && version !== 5)
      throw new UnsupportedMediaType(`The Content-Type should be ${PARTIAL_TYPE}.`);
    if (offset === null) throw new InvalidRequest('The request has no Upload-Offset.');
    const upload = await requireOurs(uploads, userId, id);
    ctx.set('Upload-Limit', request.limit(sequentialUploads, upload));
    ctx.set('Upload-Complete', formatBoolean(upload.state === 'complete'));
    const last = request.complete ?? false;
    if (upload.state === 'complete' && !repeatsTheEnd(request, upload)) throw completedUpload();
    const taking =
      upload.state === 'complete'
        ? sequentialUploads.find(userId, id)
        : sequentialUploads.append(userId, id, { ...incoming(ctx, request), offset, last });
    return taking.catch(async (error: unknown) => {
      if (error instanceof TooLarge) await sequentialUploads.abort(userId, id).catch(() => undefined);
      throw asDraftSays(error, offset);
    });
  };
}

/** The bytes of the request, with answers in between that tell how many are safe. */
function incoming(ctx: Context, request: DraftRequest) {
  return {
    body: rawBody(ctx),
    length: request.bodyLength,
    total: request.total,
    digests: request.digests(),
    ...(request.announces && {
      onSafe: (end: number) => void inform(ctx, request, { 'Upload-Offset': String(end) }),
    }),
  };
}

function inform(ctx: Context, { version }: DraftRequest, fields: Record<string, string>): boolean {
  return sendInformational(ctx, '104 Upload Resumption Supported', {
    ...fields,
    'Upload-Draft-Interop-Version': String(version),
  });
}

function showProgress(
  ctx: Context,
  request: DraftRequest,
  { upload, offset, file }: Sequence,
  limits: SequentialUploads,
): void {
  ctx.set('Upload-Offset', String(offset));
  ctx.set('Upload-Complete', formatBoolean(upload.state === 'complete'));
  ctx.set('Upload-Limit', request.limit(limits, upload.state === 'open' ? upload : null));
  if (request.version !== null) ctx.set('Upload-Draft-Interop-Version', String(request.version));
  const wanted = preferredDigest(ctx.req.headersDistinct['want-repr-digest'], ['sha-256']);
  if (wanted && file) ctx.set('Repr-Digest', formatDigest(wanted, Buffer.from(file.sha256, 'hex')));
}

function showFile(ctx: Context, { file }: Sequence, linkBase: string): void {
  if (!file) return;
  ctx.set('Ferry-File-Id', file.id);
  ctx.body = { file: presentFile(file, linkBase) };
}
