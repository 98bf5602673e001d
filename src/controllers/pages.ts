import path from 'node:path';
import send from 'koa-send';
import { NotFound } from '../errors';
import { pickLocale } from '../locales';
import type { Context, Middleware } from '../middleware/context';
import type { Health } from '../services/health';
import type { Views } from '../views';

export interface PagesController {
  home: Middleware;
  docs: Middleware;
  docsAsset: Middleware;
}

interface PagesOptions {
  health: Health;
  views: Views;
  version: string;
  publicUrl: string | null;
}

/** What the API page needs of swagger-ui. */
const DOCS_ASSETS = new Set(['swagger-ui.css', 'swagger-ui-bundle.js']);

export function pagesController({ health, views, version, publicUrl }: PagesOptions): PagesController {
  const docsRoot = path.dirname(require.resolve('swagger-ui-dist/package.json'));
  const startedAt = performance.now();

  function show(ctx: Context, page: string, data: object): void {
    ctx.vary('Accept-Language');
    ctx.vary('Cookie');
    ctx.set('Cache-Control', 'no-cache');
    ctx.type = 'html';
    ctx.body = views.render(page, pickLocale(ctx.cookies.get('locale'), ctx.get('Accept-Language')), data);
  }

  return {
    async home(ctx) {
      const { ready, stores } = await health.report();
      show(ctx, 'home', {
        version,
        node: process.version,
        uptimeSeconds: Math.floor((performance.now() - startedAt) / 1000),
        publicUrl: publicUrl ?? ctx.origin,
        ready,
        stores: stores.map(({ name, form, up }) => ({ name, form, up })),
      });
    },

    docs(ctx) {
      show(ctx, 'docs', { version });
    },

    async docsAsset(ctx) {
      const { name = '' } = ctx.params;
      if (!DOCS_ASSETS.has(name)) throw new NotFound();
      await send(ctx, name, { root: docsRoot, maxAge: 24 * 60 * 60 * 1000 });
    },
  };
}
