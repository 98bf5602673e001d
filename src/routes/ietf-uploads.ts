import type { IetfUploadsController } from '../controllers/ietf-uploads';
import type { FerryRouter } from '../middleware/context';
import * as schema from '../schemas/ietf-uploads';
import type { Gates } from './gates';
import { route } from './route';

export function ietfUploadRoutes(
  router: FerryRouter,
  { uploader }: Gates,
  uploads: IetfUploadsController,
): void {
  route(router, schema.describeIetfUploads, [], uploads.describe);
  route(router, schema.createIetfUpload, [uploader], uploads.create);
  route(router, schema.headIetfUpload, [uploader], uploads.head);
  route(router, schema.appendIetfUpload, [uploader], uploads.append);
  route(router, schema.cancelIetfUpload, [uploader], uploads.cancel);
}
