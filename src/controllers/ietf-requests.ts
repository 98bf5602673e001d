import { Gone, InvalidRequest, NotFound } from '../errors';
import type { Context } from '../middleware/context';
import { announcedLength, bringsBody } from '../middleware/request-body';
import type { UploadRecord, Visibility } from '../models/sql';
import { fileNameIn } from '../services/http/content-disposition';
import { parseDigests, type Digest } from '../services/http/digests';
import { formatLimit, parseBoolean, parseCount, parseInteropVersion } from '../services/http/draft-fields';
import type { SequentialUploads } from '../services/sequential-uploads';
import type { NewUpload } from '../services/upload-draft';
import type { Uploads } from '../services/uploads';
import { refuseContentCoding } from './content-coding';
import { mediaTypeSent } from './raw-body';

/** What is kept with an upload that came in by this door. */
export const CLIENT_STATE = 'ietf';

/** What the address of a request that begins an upload says of the file. */
export interface Named {
  name?: string | undefined;
  visibility?: Visibility | undefined;
}

/** What the fields of the draft say in a request. */
export interface DraftRequest {
  /** Of the draft; null for one that is not spoken, or no word of it. */
  version: number | null;
  /** Whether the client knows the draft, of whatever version. */
  isDraft: boolean;
  /** Whether the client understands 104. */
  announces: boolean;
  complete: boolean | null;
  offset: number | null;
  /** Bytes of the whole. */
  total: number | null;
  /** Bytes of the body; null when only its end tells. */
  bodyLength: number | null;
  /** Of the body. @throws `InvalidRequest` */
  digests(): Digest[];
  /** What a request that begins an upload says of the file. @throws `InvalidRequest` */
  attributes(query: Named): Pick<NewUpload, 'name' | 'type' | 'sha256' | 'visibility'>;
  /** @param upload whose time is told; null for uploads in general */
  limit(uploads: SequentialUploads, upload: UploadRecord | null): string;
}

export function readRequest(ctx: Context): DraftRequest {
  const lines = ctx.req.headersDistinct;
  const version = parseInteropVersion(lines['upload-draft-interop-version']);
  const complete = parseBoolean(lines['upload-complete']);
  return {
    version,
    isDraft: complete !== null || version !== null,
    announces: complete !== null && version !== null,
    complete,
    offset: parseCount(lines['upload-offset']),
    total: parseCount(lines['upload-length']),
    bodyLength: bringsBody(ctx) ? announcedLength(ctx) : 0,
    digests() {
      refuseContentCoding(ctx);
      return digestsIn(ctx, 'Content-Digest');
    },
    attributes: ({ name, visibility }) => ({
      name: name ?? fileNameIn(ctx.get('Content-Disposition')) ?? '',
      type: mediaTypeSent(ctx),
      sha256: digestsIn(ctx, 'Repr-Digest')
        .find(({ algorithm, value }) => algorithm === 'sha-256' && value.length === 32)
        ?.value.toString('hex'),
      visibility,
    }),
    limit: (uploads, upload) =>
      formatLimit({ maxSize: uploads.maxFileBytes, maxAge: upload && uploads.secondsLeft(upload) }, version),
  };
}

/** An upload of this door. @throws `NotFound`, `Gone` also when its file was deleted: it has to be sent again */
export async function requireOurs(uploads: Uploads, userId: string, id: string): Promise<UploadRecord> {
  const { upload, file } = await uploads.get(userId, id);
  if (upload.clientState !== CLIENT_STATE) throw new NotFound();
  if (upload.fileId !== null && !file) throw new Gone('The file of this upload was deleted.');
  return upload;
}

function digestsIn(ctx: Context, name: 'Content-Digest' | 'Repr-Digest'): Digest[] {
  const digests = parseDigests(ctx.req.headersDistinct[name.toLowerCase()]);
  if (digests === 'malformed')
    throw new InvalidRequest(`${name} should be as RFC 9530 says, e.g. sha-256=:base64:.`);
  return digests;
}
