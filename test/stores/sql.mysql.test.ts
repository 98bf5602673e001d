import type { SqlStore } from '../../src/models/sql';
import { openSqlStore } from '../../src/models/sql/open';
import { sqlContract } from '../contract/sql.contract';
import type { SqlDatabase } from '../contract/sql/records';
import { createMysqlDatabase } from '../support/mysql';

async function openDatabase(): Promise<SqlDatabase> {
  const database = await createMysqlDatabase();
  const stores: SqlStore[] = [];
  const another = async () => {
    const store = await openSqlStore({ url: database.url, file: '' });
    stores.push(store);
    return store;
  };
  return {
    store: await another(),
    another,
    async destroy() {
      for (const store of stores) await store.close();
      await database.drop();
    },
  };
}

sqlContract('MySQL', openDatabase);
