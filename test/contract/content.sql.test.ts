import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { ContentStore } from '../../src/models/content';
import { openSqlContent } from '../../src/models/content/sql';
import { openSqlStore, type OpenSqlStore } from '../../src/models/sql/open';
import { contentContract } from './content.contract';

contentContract('documents in SQLite', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'ferry-content-'));
  const databases: OpenSqlStore[] = [];
  const another = async (): Promise<ContentStore> => {
    const sql = await openSqlStore({ url: null, file: path.join(folder, 'ferry.sqlite') });
    databases.push(sql);
    await sql.migrate();
    // In the tests alone, closing it closes the database that it shares.
    return { ...openSqlContent(sql.connection), close: () => sql.close() };
  };
  return {
    store: await another(),
    another,
    async destroy() {
      for (const database of databases) await database.close();
      await rm(folder, { recursive: true });
    },
  };
});
