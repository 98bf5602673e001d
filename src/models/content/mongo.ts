import type { Comments, ContentStore } from '.';
import { mongoComments } from './mongo/comments';
import { MongoConnection, withoutSecrets } from './mongo/connection';
import { mongoDocuments } from './mongo/documents';
import { defineCollections, type Collections } from './mongo/schemas';

/**
 * Documents and comments in MongoDB; one server is enough, no replica set is needed. The server need not answer yet:
 * then every method rejects with `Unavailable` until it does.
 * @param url `mongodb://user:password@host:27017/database`
 * @param callMs how long a call waits for a server that does not answer
 * @throws an error that quotes nothing of an address that the driver cannot read
 */
export async function openMongoContent(url: string, callMs?: number): Promise<ContentStore> {
  // Loaded only when it is used: it is large.
  const { default: mongoose } = await import('mongoose');
  requireReadable(() => new mongoose.mongo.MongoClient(url));
  const connection = mongoose.createConnection();
  const collections = defineCollections(mongoose, connection);
  const mongo = new MongoConnection(connection, url, () => createIndexes(collections), callMs);
  const comments = mongoComments(collections);
  return {
    form: 'MongoDB',
    location: withoutSecrets(url),
    documents: mongo.guard(mongoDocuments(collections)),
    comments: mongo.guard<Comments>(comments),
    ...mongo.guard({
      repair: (before: Date) => comments.repair(before),
      async ping() {
        await connection.db?.command({ ping: 1 });
      },
    }),
    close: () => mongo.close(),
  };
}

/** What the driver says of an address may have the password in it. */
function requireReadable(parse: () => unknown): void {
  try {
    parse();
  } catch {
    throw new TypeError(
      'MONGO_URL cannot be read: its options have to be those of MongoDB, and signs in user names and passwords percent-encoded.',
    );
  }
}

async function createIndexes({ documents, versions, comments }: Collections): Promise<void> {
  await documents.createIndexes();
  await versions.createIndexes();
  await comments.createIndexes();
}
