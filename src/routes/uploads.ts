import type { UploadsController } from '../controllers/uploads';
import type { FerryRouter } from '../middleware/context';
import * as schema from '../schemas/uploads';
import type { Gates } from './gates';
import { route } from './route';

export function uploadRoutes(router: FerryRouter, gates: Gates, uploads: UploadsController): void {
  const { uploader, json, idempotent } = gates;
  route(router, schema.createUpload, [uploader, json, idempotent], uploads.create);
  route(router, schema.listUploads, [uploader], uploads.list);
  route(router, schema.getUpload, [uploader], uploads.get);
  route(router, schema.putChunk, [uploader], uploads.putChunk);
  route(router, schema.postChunk, [uploader], uploads.postChunk);
  route(router, schema.completeUpload, [uploader, json], uploads.complete);
  route(router, schema.proveUpload, [uploader, json], uploads.prove);
  route(router, schema.abortUpload, [uploader], uploads.abort);
}
