import { randomBytes } from 'node:crypto';
import mongoose from 'mongoose';
import type { ContentStore } from '../../src/models/content';
import { openMongoContent } from '../../src/models/content/mongo';
import { contentContract } from '../contract/content.contract';
import { mongoServerUrl } from '../support/mongo';

contentContract('documents in MongoDB', async () => {
  const url = mongoServerUrl(`ferry_test_${randomBytes(6).toString('hex')}`);
  const stores: ContentStore[] = [];
  const another = async (): Promise<ContentStore> => {
    // A server that stands in for MongoDB may be slow.
    const store = await openMongoContent(url.href, 150_000);
    stores.push(store);
    return store;
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
