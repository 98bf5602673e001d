import type { FilesController } from '../controllers/files';
import type { FerryRouter } from '../middleware/context';
import * as schema from '../schemas/files';
import type { Gates } from './gates';
import { route } from './route';

export function fileRoutes(
  router: FerryRouter,
  { anybody, signedIn, uploader, json }: Gates,
  files: FilesController,
): void {
  route(router, schema.createFile, [uploader], files.create);
  route(router, schema.listFiles, [signedIn], files.list);
  route(router, schema.getFile, [anybody], files.get);
  route(router, schema.updateFile, [signedIn, json], files.update);
  route(router, schema.deleteFile, [signedIn], files.delete);
  route(router, schema.getFileContent, [anybody], files.content);
  route(router, schema.getFileManifest, [anybody], files.manifest);
}
