import { InvalidRequest } from '../errors';
import { signedIn } from '../middleware/authenticate';
import type { Context } from '../middleware/context';
import { presentFile } from '../presenters/files';
import { presentProgress, presentProof, presentUpload } from '../presenters/uploads';
import { API } from '../schemas/common';
import type * as schema from '../schemas/uploads';
import { parseDigests, type Digest } from '../services/http/digests';
import type { UploadState, Uploads } from '../services/uploads';
import type { Handler } from './controller';
import { receiveForm } from './multipart';
import { pageFrom, presentPage } from './paging';
import { rawChunk } from './uploads/raw-body';

export interface UploadsController {
  create: Handler<typeof schema.createUpload>;
  list: Handler<typeof schema.listUploads>;
  get: Handler<typeof schema.getUpload>;
  putChunk: Handler<typeof schema.putChunk>;
  postChunk: Handler<typeof schema.postChunk>;
  complete: Handler<typeof schema.completeUpload>;
  prove: Handler<typeof schema.proveUpload>;
  abort: Handler<typeof schema.abortUpload>;
}

export function uploadsController({
  uploads,
  linkBase,
}: {
  uploads: Uploads;
  linkBase: string;
}): UploadsController {
  return {
    async create(ctx, { body }) {
      const state = await uploads.create(signedIn(ctx).userId, body, ctx.state.resourceId);
      ctx.status = state.instant ? 200 : 201;
      ctx.set('Location', `${linkBase}${API}/uploads/${state.upload.id}`);
      ctx.body = { ...presentUpload(state, linkBase), ...presentProof(state.challenge) };
    },

    async list(ctx, { query }) {
      const page = pageFrom(query);
      const states = await uploads.list(signedIn(ctx).userId, page.wanted);
      ctx.body = presentPage(states, page, (state) => presentUpload(state, linkBase));
    },

    async get(ctx, { params }) {
      ctx.body = presentUpload(await uploads.get(signedIn(ctx).userId, params.id), linkBase);
    },

    async putChunk(ctx, { params: { id, index } }) {
      const { userId } = signedIn(ctx);
      const digests = chunkDigests(ctx);
      const chunk = await uploads.findChunk(userId, id, index);
      const bytes = rawChunk(ctx, chunk.extent.end - chunk.extent.start);
      answerChunk(ctx, index, await uploads.putChunk(chunk, bytes, digests));
    },

    async postChunk(ctx, { params: { id, index } }) {
      const { userId } = signedIn(ctx);
      const digests = chunkDigests(ctx);
      const chunk = await uploads.findChunk(userId, id, index);
      const { taken } = await receiveForm(ctx, {
        field: 'chunk',
        take: ({ bytes }) => uploads.putChunk(chunk, bytes, digests),
      });
      answerChunk(ctx, index, taken);
    },

    async complete(ctx, { params, body }) {
      const { file, created } = await uploads.complete(signedIn(ctx).userId, params.id, body?.sha256);
      ctx.status = created ? 201 : 200;
      if (created) ctx.set('Location', `${linkBase}${API}/files/${file.id}`);
      ctx.body = { file: presentFile(file, linkBase) };
    },

    async prove(ctx, { params, body }) {
      const state = await uploads.prove(signedIn(ctx).userId, params.id, body.answers);
      ctx.body = presentUpload(state, linkBase);
    },

    async abort(ctx, { params }) {
      await uploads.abort(signedIn(ctx).userId, params.id);
      ctx.status = 204;
    },
  };
}

function answerChunk(ctx: Context, index: number, state: UploadState): void {
  ctx.status = 200;
  ctx.body = { index, ...presentProgress(state) };
}

/** In a form, too, the digest is the chunk's: a form's own bytes are made by the client's platform. */
function chunkDigests(ctx: Context): Digest[] {
  const digests = parseDigests(ctx.req.headersDistinct['content-digest']);
  if (digests === 'malformed') {
    throw new InvalidRequest('Content-Digest should be as RFC 9530 says, e.g. sha-256=:base64:.');
  }
  return digests;
}
