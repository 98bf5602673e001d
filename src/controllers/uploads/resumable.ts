import { signedIn } from '../../middleware/authenticate';
import type { Context } from '../../middleware/context';
import { presentReceipt } from '../../presenters/client-uploads';
import type * as schema from '../../schemas/client-uploads';
import type { ResumableUploads } from '../../services/resumable-uploads';
import type { UploadState } from '../../services/uploads';
import type { Handler } from '../controller';
import { receiveForm } from '../multipart';
import { rawChunk } from './raw-body';
import { readResumableChunk } from './resumable-fields';
import { tellFile } from './tell-file';

/** The nine of resumable.js, and what a site sends along. */
const MOST_FIELDS = 40;

export interface ResumableController {
  test: Handler<typeof schema.testResumableChunk>;
  post: Handler<typeof schema.postResumableChunk>;
}

/** The door for resumable.js, flow.js and simple-uploader.js. */
export function resumableController({
  resumableUploads,
  linkBase,
}: {
  resumableUploads: ResumableUploads;
  linkBase: string;
}): ResumableController {
  /** The fields stand before the file, so that its bytes go where they belong as they come. */
  async function receiveInForm(ctx: Context, userId: string): Promise<UploadState> {
    const { taken } = await receiveForm(ctx, {
      field: 'file',
      mostFields: MOST_FIELDS,
      take({ type, bytes }, fields) {
        const chunk = readResumableChunk(ctx.query, fields);
        return resumableUploads.put(userId, { ...chunk, type: chunk.type ?? type }, bytes);
      },
    });
    return taken;
  }

  return {
    async test(ctx) {
      ctx.set('Cache-Control', 'no-store');
      const has = await resumableUploads.has(signedIn(ctx).userId, readResumableChunk(ctx.query));
      if (has) ctx.body = { uploaded: true };
      else ctx.status = 204;
    },

    async post(ctx) {
      const { userId } = signedIn(ctx);
      let state: UploadState;
      if (ctx.is('multipart')) {
        state = await receiveInForm(ctx, userId);
      } else {
        const chunk = readResumableChunk(ctx.query);
        const { start, end } = chunk.extent;
        const type = chunk.type ?? ctx.get('Content-Type');
        state = await resumableUploads.put(userId, { ...chunk, type }, rawChunk(ctx, end - start));
      }
      tellFile(ctx, state.file);
      ctx.status = 200;
      ctx.body = presentReceipt(state, linkBase);
    },
  };
}
