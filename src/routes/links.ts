import type { LinksController } from '../controllers/links';
import type { FerryRouter } from '../middleware/context';
import * as schema from '../schemas/links';
import type { Gates } from './gates';
import { route } from './route';

export function linkRoutes(router: FerryRouter, { signedIn, json }: Gates, links: LinksController): void {
  route(router, schema.createLink, [signedIn, json], links.create);
  route(router, schema.listLinks, [signedIn], links.list);
  route(router, schema.deleteLink, [signedIn], links.delete);
  route(router, schema.followLink, [], links.follow);
}
