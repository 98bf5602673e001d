import type { DocumentsController } from '../controllers/documents';
import type { FerryRouter } from '../middleware/context';
import * as schema from '../schemas/documents';
import type { Gates } from './gates';
import { route } from './route';

export function documentRoutes(router: FerryRouter, gates: Gates, documents: DocumentsController): void {
  const { anybody, signedIn, limits, json, idempotent } = gates;
  route(router, schema.createDocument, [signedIn, limits.writing, json, idempotent], documents.create);
  route(router, schema.listDocuments, [anybody], documents.list);
  route(router, schema.getDocument, [anybody], documents.get);
  route(router, schema.updateDocument, [signedIn, limits.writing, json], documents.update);
  route(router, schema.deleteDocument, [signedIn], documents.delete);
  route(router, schema.listVersions, [signedIn], documents.listVersions);
  route(router, schema.getVersion, [signedIn], documents.getVersion);
  route(router, schema.restoreVersion, [signedIn, limits.writing, json], documents.restoreVersion);
}
