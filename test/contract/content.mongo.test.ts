import { randomBytes } from 'node:crypto';
import mongoose from 'mongoose';
import type { ContentStore } from '../../src/models/content';
import { openMongoContent } from '../../src/models/content/mongo';
import { contentContract } from './content.contract';

/** A server that these tests may make databases on. */
function serverUrl(): URL {
  const url = process.env.TEST_MONGO_URL;
  if (url === undefined)
    throw new Error('TEST_MONGO_URL should name a MongoDB server, e.g. mongodb://127.0.0.1:27017');
  return new URL(url);
}

contentContract('documents in MongoDB', async () => {
  const url = serverUrl();
  url.pathname = `/ferry_test_${randomBytes(6).toString('hex')}`;
  const stores: ContentStore[] = [];
  const another = (): Promise<ContentStore> => {
    const store = openMongoContent(url.href);
    stores.push(store);
    return Promise.resolve(store);
  };
  return {
    store: await another(),
    another,
    async destroy() {
      for (const store of stores) await store.close();
      const connection = await mongoose.createConnection(url.href).asPromise();
      await connection.dropDatabase();
      await connection.close();
    },
  };
});
