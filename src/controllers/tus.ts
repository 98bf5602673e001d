import {
  Conflict,
  Forbidden,
  Gone,
  InvalidRequest,
  NotFound,
  OffsetMismatch,
  TooLarge,
  UnsupportedMediaType,
} from '../errors';
import { signedIn } from '../middleware/authenticate';
import type { Context } from '../middleware/context';
import { announcedLength, bringsBody } from '../middleware/request-body';
import { TUS_DOOR } from '../middleware/tus-protocol';
import type { UploadRecord } from '../models/sql';
import type * as schema from '../schemas/tus';
import { parseByteCount, parseChecksum, parseConcat, type TusConcat } from '../services/http/tus-fields';
import type { ExpectedDigest } from '../services/checked-source';
import type { JoinedUploads } from '../services/joined-uploads';
import type { Sequence, SequentialUploads } from '../services/sequential-uploads';
import type { Uploads } from '../services/uploads';
import { refuseContentCoding } from './content-coding';
import type { Handler } from './controller';
import { mediaTypeSent, rawBody } from './raw-body';
import { attributesOf, keptState, tusState } from './tus-state';

export interface TusController {
  create: Handler<typeof schema.createTusUpload>;
  head: Handler<typeof schema.headTusUpload>;
  patch: Handler<typeof schema.patchTusUpload>;
  terminate: Handler<typeof schema.terminateTusUpload>;
}

interface TusControllerOptions {
  uploads: Uploads;
  sequentialUploads: SequentialUploads;
  joinedUploads: JoinedUploads;
  linkBase: string;
}

const BYTES_TYPE = 'application/offset+octet-stream';

/** tus 1.0, https://tus.io/protocols/resumable-upload */
export function tusController(options: TusControllerOptions): TusController {
  const { uploads, sequentialUploads, linkBase } = options;
  const open = opener(options);

  return {
    async create(ctx) {
      const { userId } = signedIn(ctx);
      const brings = bringsBytes(ctx);
      const id = await open(ctx, userId);
      ctx.status = 201;
      ctx.set('Location', `${linkBase}${TUS_DOOR}${id}`);
      if (!brings) {
        showProgress(ctx, await sequentialUploads.find(userId, id));
        return;
      }
      try {
        showProgress(ctx, await sequentialUploads.append(userId, id, { offset: 0, ...bodyOf(ctx) }));
      } catch (error) {
        // Its client has not got the address and will begin anew.
        await sequentialUploads.abort(userId, id).catch(() => undefined);
        throw error;
      }
    },

    async head(ctx, { params: { id } }) {
      const { userId } = signedIn(ctx);
      ctx.set('Cache-Control', 'no-store');
      await find(uploads, userId, id);
      const sequence = await sequentialUploads.find(userId, id);
      ctx.status = 200;
      showProgress(ctx, sequence);
      showUpload(ctx, sequence.upload);
    },

    async patch(ctx, { params: { id } }) {
      const { userId } = signedIn(ctx);
      if (mediaTypeSent(ctx) !== BYTES_TYPE)
        throw new UnsupportedMediaType(`The Content-Type should be ${BYTES_TYPE}.`);
      const offset = byteCount(ctx, 'Upload-Offset');
      if (offset === null) throw new InvalidRequest('The request has no Upload-Offset.');
      const total = byteCount(ctx, 'Upload-Length');
      const body = bodyOf(ctx);
      const upload = await find(uploads, userId, id);
      requireSendable(upload);
      ctx.status = 204;
      const sequence =
        upload.state === 'complete'
          ? await repeated(ctx, offset, () => sequentialUploads.find(userId, id))
          : await sequentialUploads.append(userId, id, { offset, total, ...body });
      showProgress(ctx, sequence);
    },

    async terminate(ctx, { params: { id } }) {
      const { userId } = signedIn(ctx);
      const upload = await find(uploads, userId, id);
      if (upload.state === 'complete' || upload.joinedTo !== null)
        throw new Forbidden('The upload is complete; what can be deleted is its file.');
      await sequentialUploads.abort(userId, id);
      ctx.status = 204;
    },
  };
}

/** @returns what opens the upload that the headers of a request ask for, and gives its id */
function opener({ uploads, joinedUploads, linkBase }: TusControllerOptions) {
  return async function open(ctx: Context, userId: string): Promise<string> {
    const concat = concatOf(ctx);
    const metadata = ctx.get('Upload-Metadata');
    const input = {
      ...attributesOf(metadata, concat?.kind === 'partial'),
      instant: false,
      clientState: keptState({ metadata, concat: ctx.get('Upload-Concat') }),
    };
    if (concat?.kind === 'final') {
      if (bringsBody(ctx)) throw new Forbidden('No bytes are sent to an upload that is made of others.');
      return joinPieces(
        joinedUploads.join(
          userId,
          concat.urls.map((url) => idIn(url, linkBase)),
          input,
        ),
      );
    }
    const completion = concat ? 'never' : 'itself';
    const { upload } = await uploads.create(userId, { ...input, completion, size: sizeOf(ctx) });
    return upload.id;
  };
}

/** Nothing of what makes pieces unfit passes by waiting, so that a 409, which clients try again, would mislead. */
async function joinPieces(joining: Promise<string>): Promise<string> {
  try {
    return await joining;
  } catch (error) {
    throw error instanceof Conflict || error instanceof NotFound
      ? new InvalidRequest(error.message, { cause: error })
      : error;
  }
}

/** An upload of this door. @throws `NotFound`, `Gone` also when its file was deleted: it has to be sent again */
async function find(uploads: Uploads, userId: string, id: string): Promise<UploadRecord> {
  const { upload, file } = await uploads.get(userId, id);
  if (!tusState(upload).isTus) throw new NotFound();
  if (upload.fileId !== null && !file) throw new Gone('The file of this upload was deleted.');
  return upload;
}

function requireSendable(upload: UploadRecord): void {
  if (upload.pieceCount !== null || upload.joinedTo !== null)
    throw new Forbidden('The upload is made of others, or a piece of one: no bytes are sent to it.');
}

/** The last PATCH again, because its answer was lost. */
async function repeated(ctx: Context, offset: number, find: () => Promise<Sequence>): Promise<Sequence> {
  const sequence = await find();
  if (offset !== sequence.offset) throw new OffsetMismatch(sequence.offset);
  if (announcedLength(ctx) !== 0 && bringsBody(ctx)) throw new TooLarge('The upload is complete.');
  return sequence;
}

function showProgress(ctx: Context, { upload, offset, file }: Sequence): void {
  ctx.set('Upload-Offset', String(offset));
  if (upload.state === 'open' && upload.joinedTo === null)
    ctx.set('Upload-Expires', upload.expiresAt.toUTCString());
  if (file) ctx.set('Ferry-File-Id', file.id);
}

function showUpload(ctx: Context, upload: UploadRecord): void {
  const { metadata, concat } = tusState(upload);
  if (upload.sizeDeferred) ctx.set('Upload-Defer-Length', '1');
  else ctx.set('Upload-Length', String(upload.size));
  if (metadata !== '') ctx.set('Upload-Metadata', metadata);
  if (concat !== '') ctx.set('Upload-Concat', concat);
}

/** creation-with-upload; clients that send no bytes may name any type. */
function bringsBytes(ctx: Context): boolean {
  if (!bringsBody(ctx)) return false;
  if (mediaTypeSent(ctx) !== BYTES_TYPE)
    throw new UnsupportedMediaType(`Bytes are sent with the Content-Type ${BYTES_TYPE}.`);
  return true;
}

function bodyOf(ctx: Context) {
  refuseContentCoding(ctx);
  return { body: rawBody(ctx), length: bodyLength(ctx), digests: digestsOf(ctx) };
}

function bodyLength(ctx: Context): number | null {
  return bringsBody(ctx) ? announcedLength(ctx) : 0;
}

function digestsOf(ctx: Context): ExpectedDigest[] {
  const field = ctx.get('Upload-Checksum');
  if (field === '') return [];
  const checksum = parseChecksum(field);
  if (!checksum)
    throw new InvalidRequest('Upload-Checksum should be sha1 or sha256 and the digest in Base64.');
  return [{ algorithm: checksum.algorithm === 'sha1' ? 'sha-1' : 'sha-256', value: checksum.value }];
}

function byteCount(ctx: Context, name: string): number | null {
  const field = ctx.get(name);
  if (field === '') return null;
  const count = parseByteCount(field);
  if (count === null) throw new InvalidRequest(`${name} should be a number of bytes.`);
  return count;
}

/** @returns null when it is said later */
function sizeOf(ctx: Context): number | null {
  const size = byteCount(ctx, 'Upload-Length');
  const deferred = ctx.get('Upload-Defer-Length');
  if (deferred !== '' && deferred !== '1') throw new InvalidRequest('Upload-Defer-Length can only be 1.');
  if ((size === null) === (deferred === ''))
    throw new InvalidRequest('Either Upload-Length or Upload-Defer-Length is needed.');
  return size;
}

function concatOf(ctx: Context): TusConcat | null {
  const field = ctx.get('Upload-Concat');
  if (field === '') return null;
  const concat = parseConcat(field);
  if (!concat) throw new InvalidRequest('Upload-Concat should be partial, or final; and addresses.');
  return concat;
}

/** The id of an upload by its address: whole, from the root on, or from here, and wherever this server was before. */
function idIn(url: string, linkBase: string): string {
  const { pathname } = new URL(url, `${linkBase === '' ? 'http://localhost' : linkBase}${TUS_DOOR}`);
  const [, id] = /\/tus\/([0-9a-z]{1,64})\/?$/.exec(pathname) ?? [];
  if (id === undefined) throw new InvalidRequest('Upload-Concat should name uploads of this server.');
  return id;
}
