import type { ContentStore } from '../../src/models/content';
import { openSqlContent } from '../../src/models/content/sql';
import { openSqlStore, type OpenSqlStore } from '../../src/models/sql/open';
import { contentContract } from '../contract/content.contract';
import { createMysqlDatabase } from '../support/mysql';

contentContract('documents in MySQL', async () => {
  const database = await createMysqlDatabase();
  const stores: OpenSqlStore[] = [];
  const another = async (): Promise<ContentStore> => {
    const sql = await openSqlStore({ url: database.url, file: '' });
    stores.push(sql);
    await sql.migrate();
    // In the tests alone, closing it closes the database that it shares.
    return { ...openSqlContent(sql.connection), close: () => sql.close() };
  };
  return {
    store: await another(),
    another,
    async destroy() {
      for (const store of stores) await store.close();
      await database.drop();
    },
  };
});
