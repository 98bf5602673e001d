import path from 'node:path';
import type { BlobStore } from './blobs';
import { openDiskBlobs } from './blobs/disk';
import type { EventLog } from './eventlog';
import { openMemoryEventLog } from './eventlog/memory';
import type { KeyValueStore } from './keyvalue';
import { openMemoryKeyValue } from './keyvalue/memory';
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

/** Opens every store in its embedded form. */
export async function openStores({ dataDirectory, uploadsDirectory }: StoreSettings): Promise<Stores> {
  const sql = await openSqlStore({ url: null, file: path.join(dataDirectory, 'ferry.sqlite') });
  const blobs = await openDiskBlobs({ directory: uploadsDirectory });
  return { sql, blobs, keyvalue: openMemoryKeyValue(), eventlog: openMemoryEventLog() };
}

/** Closes them in the reverse order of their opening. */
export async function closeStores({ sql, blobs, keyvalue, eventlog }: Stores): Promise<void> {
  for (const store of [eventlog, keyvalue, blobs, sql]) await store.close();
}
