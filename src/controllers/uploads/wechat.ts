import { signedIn } from '../../middleware/authenticate';
import { presentMergedFile } from '../../presenters/client-uploads';
import type * as schema from '../../schemas/client-uploads';
import { clientName, type ClientName } from '../../services/client-uploads';
import type { MergedUploads } from '../../services/merged-uploads';
import type { Handler } from '../controller';
import { rawChunk } from './raw-body';
import { tellFile } from './tell-file';
import { readWechatChunk } from './wechat-fields';

export interface WechatUploadsController {
  verify: Handler<typeof schema.verifyWechatUpload>;
  upload: Handler<typeof schema.postWechatChunk>;
  merge: Handler<typeof schema.mergeWechatUpload>;
}

/** The door for miniprogram-file-uploader, to which only 200, 201 and 202 are a success. */
export function wechatUploadsController({
  mergedUploads,
  linkBase,
}: {
  mergedUploads: MergedUploads;
  linkBase: string;
}): WechatUploadsController {
  return {
    async verify(ctx, { query: { identifier } }) {
      const { file, chunks } = await mergedUploads.status(nameOf(signedIn(ctx).userId, identifier));
      tellFile(ctx, file);
      ctx.set('Cache-Control', 'no-store');
      ctx.body = {
        needUpload: file === null,
        uploadedChunks: chunks,
        url: file ? presentMergedFile(file, linkBase).url : '',
      };
    },

    async upload(ctx) {
      const { identifier, ...chunk } = readWechatChunk(ctx.query);
      const { start, end } = chunk.extent;
      const body = rawChunk(ctx, end - start);
      await mergedUploads.put(nameOf(signedIn(ctx).userId, identifier), chunk, body);
      ctx.body = { index: Math.floor(start / chunk.chunkSize) };
    },

    async merge(ctx, { query: { identifier, fileName } }) {
      const client = nameOf(signedIn(ctx).userId, identifier);
      const merged = await mergedUploads.merge(client);
      // The names that it sends with the chunks are not encoded for an address, and may have come mutilated.
      const named = fileName !== '' && merged.created ? await mergedUploads.named(client, merged, fileName) : null;
      const file = named ?? merged.file;
      tellFile(ctx, file);
      ctx.set('Cache-Control', 'no-store');
      ctx.body = presentMergedFile(file, linkBase);
    },
  };
}

function nameOf(ownerId: string, identifier: string): ClientName {
  return clientName(ownerId, 'wechat', identifier);
}
