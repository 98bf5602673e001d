import { InvalidRequest } from '../errors';
import { signedIn } from '../middleware/authenticate';
import type { Context } from '../middleware/context';
import { announcedLength } from '../middleware/request-body';
import { presentFile } from '../presenters/files';
import { presentManifest } from '../presenters/manifests';
import { API, visibility } from '../schemas/common';
import type * as schema from '../schemas/files';
import type { Visibility } from '../models/sql';
import type { ContentHashes } from '../services/content-hashes';
import { etagOf, type Files } from '../services/files';
import type { SendContent } from './content';
import type { Handler } from './controller';
import { receiveForm } from './multipart';
import { pageFrom, presentPage } from './paging';

export interface FilesController {
  create: Handler<typeof schema.createFile>;
  list: Handler<typeof schema.listFiles>;
  get: Handler<typeof schema.getFile>;
  update: Handler<typeof schema.updateFile>;
  delete: Handler<typeof schema.deleteFile>;
  content: Handler<typeof schema.getFileContent>;
  manifest: Handler<typeof schema.getFileManifest>;
}

interface FilesControllerOptions {
  files: Files;
  hashes: ContentHashes;
  sendContent: SendContent;
  linkBase: string;
}

export function filesController({
  files,
  hashes,
  sendContent,
  linkBase,
}: FilesControllerOptions): FilesController {
  return {
    async create(ctx) {
      const { userId } = signedIn(ctx);
      const announced = announcedLength(ctx) ?? 0;
      const { taken, fields } = await receiveForm(ctx, {
        field: 'file',
        take: async ({ name, type, bytes }) => ({ name, type, staged: await files.stage(bytes, announced) }),
        drop: ({ staged }) => files.discard(staged),
      });
      const { name, type, staged } = taken;
      const checked = checkFields(fields);
      if (checked instanceof InvalidRequest) {
        await files.discard(staged);
        throw checked;
      }
      const file = await files.create(userId, { name, type, ...checked }, staged);
      ctx.status = 201;
      ctx.set('Location', `${linkBase}${API}/files/${file.id}`);
      ctx.body = { file: presentFile(file, linkBase) };
    },

    async list(ctx, { query }) {
      const { q } = query;
      const page = pageFrom(query);
      const records = await files.list(signedIn(ctx).userId, {
        ...page.wanted,
        ...(q !== undefined && { q }),
      });
      ctx.body = presentPage(records, page, (file) => presentFile(file, linkBase));
    },

    async get(ctx, { params }) {
      ctx.body = presentFile(await files.get(viewer(ctx), params.id), linkBase);
    },

    async update(ctx, { params, body }) {
      ctx.body = presentFile(await files.update(signedIn(ctx).userId, params.id, body), linkBase);
    },

    async delete(ctx, { params }) {
      await files.delete(signedIn(ctx).userId, params.id);
      ctx.status = 204;
    },

    async content(ctx, { params, query }) {
      const opened = await files.open(viewer(ctx), params.id);
      await sendContent(ctx, opened, {
        disposition: query.download === undefined ? 'inline' : 'attachment',
        cache: opened.file.visibility,
      });
    },

    async manifest(ctx, { params }) {
      const file = await files.get(viewer(ctx), params.id);
      // Asked for again each time, because a file can be deleted or made private.
      ctx.set('Cache-Control', 'private, no-cache');
      ctx.body = presentManifest(file, etagOf(file), await hashes.manifest(file));
    },
  };
}

function viewer(ctx: Context): string | null {
  return ctx.state.principal?.userId ?? null;
}

/** The text fields that may stand beside the file. */
function checkFields(fields: Record<string, unknown>): { visibility?: Visibility } | InvalidRequest {
  const unknown = Object.keys(fields).filter((name) => name !== 'visibility');
  if (unknown.length > 0)
    return InvalidRequest.of(unknown.map((path) => ({ path, message: 'is not a known field' })));
  const parsed = visibility.optional().safeParse(fields['visibility']);
  if (!parsed.success)
    return InvalidRequest.of([{ path: 'visibility', message: 'should be private or public' }]);
  return parsed.data === undefined ? {} : { visibility: parsed.data };
}
