import path from 'node:path';
import type { BlobStore } from './blobs';
import { openDiskBlobs } from './blobs/disk';
import { openS3Blobs, type S3BlobsOptions } from './blobs/s3';
import type { ContentStore } from './content';
import { openMongoContent } from './content/mongo';
import { openSqlContent } from './content/sql';
import type { EventLog } from './eventlog';
import { openMemoryEventLog } from './eventlog/memory';
import { openRedisEventLog } from './eventlog/redis';
import type { KeyValueStore } from './keyvalue';
import { openEmbeddedKeyValue } from './keyvalue/embedded';
import { openRedisKeyValue } from './keyvalue/redis';
import type { Limiters } from './limiters';
import { openMemoryLimiters } from './limiters/memory';
import { openRedisLimiters } from './limiters/redis';
import type { RedisLog, RedisPlace } from './redis/connection';
import type { SqlStore } from './sql';
import { openSqlStore, type OpenSqlStore } from './sql/open';

export interface Stores {
  sql: SqlStore;
  content: ContentStore;
  blobs: BlobStore;
  keyvalue: KeyValueStore;
  eventlog: EventLog;
  limiters: Limiters;
}

interface StoreSettings {
  /** Where the databases lie that are files. */
  dataDirectory: string;
  /** Where bytes of files lie. */
  uploadsDirectory: string;
  /** Whether bytes are synced before they count as received. */
  syncUploads: boolean;
  /** Where records lie; null for SQLite. */
  databaseUrl: string | null;
  /** Where documents lie; null for the relational database. */
  mongoUrl: string | null;
  /** Where short-lived values, counters and events lie; null for this process. */
  redis: RedisPlace | null;
  /** Where the bytes of files lie instead of the local disk; null for that. */
  s3: Omit<S3BlobsOptions, 'spoolDirectory'> | null;
}

/** What stores report while they run. */
interface StoreLog extends RedisLog {
  error(data: object, message: string): void;
}

/** Opens the relational store alone. */
export function openSql({
  dataDirectory,
  databaseUrl,
}: Pick<StoreSettings, 'dataDirectory' | 'databaseUrl'>): Promise<OpenSqlStore> {
  return openSqlStore({ url: databaseUrl, file: path.join(dataDirectory, 'ferry.sqlite') });
}

/**
 * Opens every store, in its embedded form where the settings name no other.
 * @param log told of faults that no caller hears of
 */
export async function openStores(
  { dataDirectory, uploadsDirectory, syncUploads, databaseUrl, mongoUrl, redis, s3 }: StoreSettings,
  log: StoreLog,
): Promise<Stores> {
  const sql = await openSql({ dataDirectory, databaseUrl });
  const content = mongoUrl === null ? openSqlContent(sql.connection) : await openMongoContent(mongoUrl);
  const blobs = s3
    ? await openS3Blobs({ ...s3, spoolDirectory: uploadsDirectory })
    : await openDiskBlobs({ directory: uploadsDirectory, sync: syncUploads });
  const onListenerError = (error: unknown) => {
    log.error({ err: error }, 'a listener of the event log failed');
  };
  if (redis === null) {
    const keyvalue = await openEmbeddedKeyValue({ file: path.join(dataDirectory, 'keyvalue.sqlite') });
    const eventlog = openMemoryEventLog({ onListenerError });
    return { sql, content, blobs, keyvalue, eventlog, limiters: openMemoryLimiters() };
  }
  const place = { ...redis, log };
  const keyvalue = await openRedisKeyValue(place);
  const eventlog = await openRedisEventLog({ ...place, onListenerError });
  return { sql, content, blobs, keyvalue, eventlog, limiters: await openRedisLimiters(place) };
}

/** Closes them in the reverse order of their opening. */
export async function closeStores(stores: Stores): Promise<void> {
  const { sql, content, blobs, keyvalue, eventlog, limiters } = stores;
  for (const store of [limiters, eventlog, keyvalue, blobs, content, sql]) await store.close();
}
