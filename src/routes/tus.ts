import type { TusController } from '../controllers/tus';
import type { FerryRouter } from '../middleware/context';
import * as schema from '../schemas/tus';
import type { Gates } from './gates';
import { route } from './route';

export function tusRoutes(router: FerryRouter, { uploader }: Gates, tus: TusController): void {
  route(router, schema.createTusUpload, [uploader], tus.create);
  route(router, schema.headTusUpload, [uploader], tus.head);
  route(router, schema.patchTusUpload, [uploader], tus.patch);
  route(router, schema.terminateTusUpload, [uploader], tus.terminate);
}
