import type { SessionsController } from '../controllers/sessions';
import type { FerryRouter } from '../middleware/context';
import * as schema from '../schemas/sessions';
import type { Gates } from './gates';
import { route } from './route';

export function sessionRoutes(router: FerryRouter, gates: Gates, sessions: SessionsController): void {
  const { anybody, signedIn, sameOrigin, json, limits } = gates;
  route(router, schema.createSession, [limits.signIn, sameOrigin, json, limits.guesses], sessions.create);
  route(router, schema.getSession, [signedIn], sessions.get);
  route(router, schema.deleteSession, [anybody], sessions.delete);
  route(router, schema.listSignIns, [signedIn], sessions.list);
  route(router, schema.endSignIn, [signedIn], sessions.endOne);
}
