import type { PagesController } from '../controllers/pages';
import type { FerryRouter } from '../middleware/context';
import type { Gates } from './gates';

export function pageRoutes(router: FerryRouter, { anybody }: Gates, pages: PagesController): void {
  router.get('/', pages.home);
  router.get('/login', anybody, pages.login);
  router.get('/login/scan', pages.loginScan);
  if (pages.devPhone) router.get('/dev/phone', pages.devPhone);
  router.get('/docs', pages.docs);
}
