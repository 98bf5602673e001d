import type { ContentStore } from '.';
import type { SqlConnection } from '../sql/open';
import { sqlComments } from './sql/comments';
import { sqlDocuments } from './sql/documents';
import { defineContent } from './sql/tables';

/** Documents and comments in the relational database, over the connection of that store, which has their tables. */
export function openSqlContent({ form, location, sequelize, guard, ping }: SqlConnection): ContentStore {
  const tables = defineContent(sequelize);
  return {
    form,
    location,
    documents: guard(sqlDocuments(sequelize, tables)),
    comments: guard(sqlComments(sequelize, tables)),
    // Transactions leave nothing half-done.
    repair: () => Promise.resolve(0),
    ping,
    // The connection is closed by the store that it belongs to.
    close: () => Promise.resolve(),
  };
}
