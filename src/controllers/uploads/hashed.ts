import { signedIn } from '../../middleware/authenticate';
import { announcedLength } from '../../middleware/request-body';
import { presentMergedFile } from '../../presenters/client-uploads';
import type * as schema from '../../schemas/client-uploads';
import { clientName, type ClientName } from '../../services/client-uploads';
import type { MergedUploads } from '../../services/merged-uploads';
import type { UnsizedChunks } from '../../services/unsized-chunks';
import type { Handler } from '../controller';
import { receiveForm } from '../multipart';
import { readHashedChunk } from './hashed-fields';
import { tellFile } from './tell-file';

const MOST_FIELDS = 40;

export interface HashedUploadsController {
  verify: Handler<typeof schema.verifyUpload>;
  chunk: Handler<typeof schema.postHashedChunk>;
  merge: Handler<typeof schema.mergeUpload>;
}

interface HashedUploadsControllerOptions {
  mergedUploads: MergedUploads;
  unsizedChunks: UnsizedChunks;
  linkBase: string;
}

/** The door for the home-grown verify, chunk and merge: a file is known by a hash that its client computes. */
export function hashedUploadsController({
  mergedUploads,
  unsizedChunks,
  linkBase,
}: HashedUploadsControllerOptions): HashedUploadsController {
  return {
    async verify(ctx, { body: { fileHash, filename } }) {
      const client = nameOf(signedIn(ctx).userId, fileHash);
      const { file, chunks } = await mergedUploads.status(client);
      const named = file && (await mergedUploads.named(client, { file, created: false }, filename));
      tellFile(ctx, named);
      ctx.body = {
        shouldUpload: named === null,
        uploadedList: chunks.map((index) => `${fileHash}-${index}`),
        ...(named && presentMergedFile(named, linkBase)),
      };
    },

    async chunk(ctx) {
      const { userId } = signedIn(ctx);
      const announced = announcedLength(ctx) ?? 0;
      // Which chunk of what it is stands in fields that may follow it.
      const { taken: spooled, fields } = await receiveForm(ctx, {
        field: 'chunk',
        mostFields: MOST_FIELDS,
        take: ({ bytes }) => unsizedChunks.spool(bytes, announced),
        drop: (taken) => unsizedChunks.discard(taken),
      });
      try {
        const { fileHash, index, filename, hash } = readHashedChunk(fields);
        const file = await unsizedChunks.put(nameOf(userId, fileHash), index, spooled, filename);
        tellFile(ctx, file);
        ctx.body = { hash };
      } finally {
        await unsizedChunks.discard(spooled);
      }
    },

    async merge(ctx, { body: { fileHash, filename, size } }) {
      const client = nameOf(signedIn(ctx).userId, fileHash);
      const merged = await mergedUploads.merge(client, size);
      const file = (await mergedUploads.named(client, merged, filename)) ?? merged.file;
      tellFile(ctx, file);
      ctx.body = presentMergedFile(file, linkBase);
    },
  };
}

function nameOf(ownerId: string, fileHash: string): ClientName {
  return clientName(ownerId, 'hashed', fileHash);
}
