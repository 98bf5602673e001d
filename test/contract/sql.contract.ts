import { accountsContract } from './sql/accounts';
import { archivesContract } from './sql/archives';
import { extentsContract } from './sql/extents';
import { filesContract } from './sql/files';
import { linksContract } from './sql/links';
import type { SqlDatabase } from './sql/records';
import { lifeContract, transactionsContract } from './sql/transactions';
import { uploadsContract } from './sql/uploads';

/**
 * What every form of the relational store does.
 * @param open makes an empty database, without a schema
 */
export function sqlContract(name: string, open: () => Promise<SqlDatabase>): void {
  describe(name, () => {
    const databases: SqlDatabase[] = [];
    const opened = async () => {
      const database = await open();
      databases.push(database);
      return database;
    };
    let shared: SqlDatabase;

    beforeAll(async () => {
      shared = await opened();
      await shared.store.migrate();
    });
    afterAll(async () => {
      for (const database of databases) await database.destroy();
    });

    const store = () => shared.store;
    accountsContract(store);
    filesContract(store);
    uploadsContract(store);
    extentsContract(store);
    linksContract(store);
    archivesContract(store);
    transactionsContract(store);
    lifeContract(opened);
  });
}
