import { signedIn } from '../middleware/authenticate';
import { presentNewArchive } from '../presenters/archives';
import type * as schema from '../schemas/archives';
import type { Archives } from '../services/archives';
import type { Handler } from './controller';

export interface ArchivesController {
  create: Handler<typeof schema.createArchive>;
}

interface ArchivesControllerOptions {
  archives: Archives;
  linkBase: string;
}

export function archivesController({ archives, linkBase }: ArchivesControllerOptions): ArchivesController {
  return {
    async create(ctx, { body }) {
      const made = presentNewArchive(await archives.create(signedIn(ctx).userId, body), linkBase);
      ctx.status = 201;
      ctx.set('Cache-Control', 'no-store');
      ctx.set('Location', made.url);
      ctx.body = made;
    },
  };
}
