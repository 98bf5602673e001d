import type { ClientUploadControllers } from '../controllers/uploads/clients';
import { changingGet } from '../middleware/changing-get';
import type { FerryRouter } from '../middleware/context';
import * as schema from '../schemas/client-uploads';
import type { Gates } from './gates';
import { route } from './route';

/** Where other people's form-based upload clients knock. */
export function clientUploadRoutes(
  router: FerryRouter,
  { uploader, json }: Gates,
  { resumable, hashed, wechat }: ClientUploadControllers,
): void {
  route(router, schema.testResumableChunk, [uploader], resumable.test);
  route(router, schema.postResumableChunk, [uploader], resumable.post);
  route(router, schema.verifyUpload, [uploader, json], hashed.verify);
  route(router, schema.postHashedChunk, [uploader], hashed.chunk);
  route(router, schema.mergeUpload, [uploader, json], hashed.merge);
  route(router, schema.verifyWechatUpload, [uploader], wechat.verify);
  route(router, schema.postWechatChunk, [uploader], wechat.upload);
  route(router, schema.mergeWechatUpload, [changingGet, uploader], wechat.merge);
}
