import type { UploadsController } from '../controllers/uploads';
import type { FerryRouter } from '../middleware/context';
import * as schema from '../schemas/uploads';
import type { Gates } from './gates';
import { route } from './route';

export function uploadRoutes(router: FerryRouter, gates: Gates, uploads: UploadsController): void {
  const { signedIn, json, idempotent } = gates;
  route(router, schema.createUpload, [signedIn, json, idempotent], uploads.create);
  route(router, schema.listUploads, [signedIn], uploads.list);
  route(router, schema.getUpload, [signedIn], uploads.get);
  route(router, schema.putChunk, [signedIn], uploads.putChunk);
  route(router, schema.postChunk, [signedIn], uploads.postChunk);
  route(router, schema.completeUpload, [signedIn, json], uploads.complete);
  route(router, schema.abortUpload, [signedIn], uploads.abort);
}
