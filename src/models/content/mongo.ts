import type { ContentStore } from '.';
import { mongoComments } from './mongo/comments';
import { MongoConnection, withoutSecrets } from './mongo/connection';
import { mongoDocuments } from './mongo/documents';
import { defineCollections, type Collections } from './mongo/schemas';

/**
 * Documents and comments in MongoDB; one server is enough, no replica set is needed. The server need not answer yet:
 * then every method rejects with `Unavailable` until it does.
 * @param url `mongodb://user:password@host:27017/database`
 */
export function openMongoContent(url: string): ContentStore {
  const mongo: MongoConnection = new MongoConnection(url, () => createIndexes(collections));
  const collections = defineCollections(mongo.connection);
  const { repair, ...comments } = mongoComments(collections);
  return {
    form: 'MongoDB',
    location: withoutSecrets(url),
    documents: mongo.guard(mongoDocuments(collections)),
    comments: mongo.guard(comments),
    ...mongo.guard({
      repair,
      async ping() {
        await mongo.connection.db?.command({ ping: 1 });
      },
    }),
    close: () => mongo.close(),
  };
}

async function createIndexes({ documents, versions, comments }: Collections): Promise<void> {
  await documents.createIndexes();
  await versions.createIndexes();
  await comments.createIndexes();
}
