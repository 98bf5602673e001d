import { signedIn } from '../middleware/authenticate';
import type { Context } from '../middleware/context';
import { presentDocument, presentVersion, presentVersionSummary } from '../presenters/documents';
import { API } from '../schemas/common';
import type * as schema from '../schemas/documents';
import type { DocumentView } from '../services/document-views';
import type { Documents } from '../services/documents';
import type { Handler } from './controller';
import { presentPart } from './paging';
import { answerVersioned, expectedVersions, withCurrent } from './versioned';

export interface DocumentsController {
  create: Handler<typeof schema.createDocument>;
  list: Handler<typeof schema.listDocuments>;
  get: Handler<typeof schema.getDocument>;
  update: Handler<typeof schema.updateDocument>;
  delete: Handler<typeof schema.deleteDocument>;
  listVersions: Handler<typeof schema.listVersions>;
  getVersion: Handler<typeof schema.getVersion>;
  restoreVersion: Handler<typeof schema.restoreVersion>;
}

interface DocumentsOptions {
  documents: Documents;
  linkBase: string;
}

export function documentsController({ documents, linkBase }: DocumentsOptions): DocumentsController {
  function answer(ctx: Context, view: DocumentView): void {
    answerVersioned(ctx, view.document.version, presentDocument(view, linkBase));
  }

  async function current(ctx: Context, id: string) {
    const view = await documents.get(viewer(ctx), id);
    return { version: view.document.version, shown: presentDocument(view, linkBase) };
  }

  return {
    async create(ctx, { body }) {
      const view = await documents.create(signedIn(ctx).userId, body, ctx.state.resourceId);
      ctx.status = 201;
      ctx.set('Location', `${linkBase}${API}/documents/${view.document.id}`);
      answer(ctx, view);
    },

    async list(ctx, { query }) {
      const { q, tag, author: authorId, limit, cursor: before = null } = query;
      const page = await documents.list({ viewerId: viewer(ctx), q, tag, authorId, limit, before });
      ctx.body = presentPart(page, (view) => presentDocument(view, linkBase));
    },

    async get(ctx, { params }) {
      answer(ctx, await documents.get(viewer(ctx), params.id));
    },

    async update(ctx, { params: { id }, body }) {
      const { userId } = signedIn(ctx);
      const update = () => documents.update(userId, id, body, expectedVersions(ctx));
      answer(ctx, await withCurrent(update, () => current(ctx, id)));
    },

    async delete(ctx, { params: { id } }) {
      const principal = signedIn(ctx);
      const trash = () => documents.trash(principal, id, expectedVersions(ctx));
      await withCurrent(trash, () => current(ctx, id));
      ctx.status = 204;
    },

    async listVersions(ctx, { params, query }) {
      const { limit, cursor } = query;
      const page = { limit: limit + 1, before: cursor ?? null };
      const { versions, authors } = await documents.listVersions(signedIn(ctx).userId, params.id, page);
      const items = versions.slice(0, limit).map((one) => presentVersionSummary(one, authors, linkBase));
      const last = items.at(-1);
      ctx.body = { items, nextCursor: versions.length > limit && last ? String(last.version) : null };
    },

    async getVersion(ctx, { params }) {
      const version = await documents.getVersion(signedIn(ctx).userId, params.id, params.version);
      ctx.body = presentVersion(version, linkBase);
    },

    async restoreVersion(ctx, { params: { id, version } }) {
      const { userId } = signedIn(ctx);
      const restore = () => documents.restoreVersion(userId, id, version, expectedVersions(ctx));
      answer(ctx, await withCurrent(restore, () => current(ctx, id)));
    },
  };
}

function viewer(ctx: Context): string | null {
  return ctx.state.principal?.userId ?? null;
}
