import type { PagesController } from '../controllers/pages';
import type { FerryRouter } from '../middleware/context';

export function pageRoutes(router: FerryRouter, pages: PagesController): void {
  router.get('/', pages.home);
  router.get('/docs', pages.docs);
  router.get('/docs/assets/:name', pages.docsAsset);
}
