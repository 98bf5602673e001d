import path from 'node:path';
import type { BlobStore } from './blobs';
import { openDiskBlobs } from './blobs/disk';
import type { EventLog } from './eventlog';
import { openMemoryEventLog } from './eventlog/memory';
import type { KeyValueStore } from './keyvalue';
import { openEmbeddedKeyValue } from './keyvalue/embedded';
import type { SqlStore } from './sql';
import { openSqlStore } from './sql/open';

export interface Stores {
  sql: SqlStore;
  blobs: BlobStore;
  keyvalue: KeyValueStore;
  eventlog: EventLog;
}

interface StoreSettings {
  /** Where the database lies. */
  dataDirectory: string;
  /** Where bytes of files lie. */
  uploadsDirectory: string;
}

/** Opens the relational store alone. */
export function openSql({ dataDirectory }: Pick<StoreSettings, 'dataDirectory'>): Promise<SqlStore> {
  return openSqlStore({ url: null, file: path.join(dataDirectory, 'ferry.sqlite') });
}

/**
 * Opens every store in its embedded form.
 * @param log told of faults that no caller hears of
 */
export async function openStores(
  { dataDirectory, uploadsDirectory }: StoreSettings,
  log: { error(data: object, message: string): void },
): Promise<Stores> {
  const sql = await openSql({ dataDirectory });
  const blobs = await openDiskBlobs({ directory: uploadsDirectory });
  const keyvalue = await openEmbeddedKeyValue({ file: path.join(dataDirectory, 'keyvalue.sqlite') });
  const eventlog = openMemoryEventLog({
    onListenerError: (error) => log.error({ err: error }, 'a listener of the event log failed'),
  });
  return { sql, blobs, keyvalue, eventlog };
}

/** Closes them in the reverse order of their opening. */
export async function closeStores({ sql, blobs, keyvalue, eventlog }: Stores): Promise<void> {
  for (const store of [eventlog, keyvalue, blobs, sql]) await store.close();
}
