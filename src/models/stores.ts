import path from 'node:path';
import type { BlobStore } from './blobs';
import { openDiskBlobs } from './blobs/disk';
import type { ContentStore } from './content';
import { openSqlContent } from './content/sql';
import type { EventLog } from './eventlog';
import { openMemoryEventLog } from './eventlog/memory';
import type { KeyValueStore } from './keyvalue';
import { openEmbeddedKeyValue } from './keyvalue/embedded';
import type { SqlStore } from './sql';
import { openSqlStore, type OpenSqlStore } from './sql/open';

export interface Stores {
  sql: SqlStore;
  content: ContentStore;
  blobs: BlobStore;
  keyvalue: KeyValueStore;
  eventlog: EventLog;
}

interface StoreSettings {
  /** Where the database lies. */
  dataDirectory: string;
  /** Where bytes of files lie. */
  uploadsDirectory: string;
  /** Where documents lie; null for the relational database. */
  mongoUrl: string | null;
}

/** Opens the relational store alone. */
export function openSql({ dataDirectory }: Pick<StoreSettings, 'dataDirectory'>): Promise<OpenSqlStore> {
  return openSqlStore({ url: null, file: path.join(dataDirectory, 'ferry.sqlite') });
}

/**
 * Opens every store, in its embedded form where the settings name no other.
 * @param log told of faults that no caller hears of
 */
export async function openStores(
  { dataDirectory, uploadsDirectory, mongoUrl }: StoreSettings,
  log: { error(data: object, message: string): void },
): Promise<Stores> {
  const sql = await openSql({ dataDirectory });
  const content = mongoUrl === null ? openSqlContent(sql.connection) : await openMongo(mongoUrl);
  const blobs = await openDiskBlobs({ directory: uploadsDirectory });
  const keyvalue = await openEmbeddedKeyValue({ file: path.join(dataDirectory, 'keyvalue.sqlite') });
  const eventlog = openMemoryEventLog({
    onListenerError: (error) => log.error({ err: error }, 'a listener of the event log failed'),
  });
  return { sql, content, blobs, keyvalue, eventlog };
}

/** Loaded only when it is used: the driver takes a while. */
async function openMongo(url: string): Promise<ContentStore> {
  const { openMongoContent } = await import('./content/mongo');
  return openMongoContent(url);
}

/** Closes them in the reverse order of their opening. */
export async function closeStores({ sql, content, blobs, keyvalue, eventlog }: Stores): Promise<void> {
  for (const store of [eventlog, keyvalue, blobs, content, sql]) await store.close();
}
