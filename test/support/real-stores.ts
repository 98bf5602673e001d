import { createHash } from 'node:crypto';
import { createConnection } from 'mysql2/promise';
import { mongoServerUrl } from './mongo';
import { mysqlServerUrl } from './mysql';
import { redisServerUrl } from './redis';
import { s3Bucket } from './s3';

/** The stores of one Ferry on the servers that tests may use, apart from those of all others. */
export interface RealStores {
  /** As in the environment. */
  settings: Record<string, string>;
  /** Drops what would take most room; the rest goes with the run. */
  drop(): Promise<void>;
}

/** Begins the names of all that a run of the tests makes on servers, by which it is found again and removed. */
export function runPrefix(): string {
  return `ferry_test_${process.env['TEST_RUN'] ?? String(process.pid)}_`;
}

/** Whether servers under test keep everything on real stores instead of the embedded ones. */
export function wantsRealStores(): boolean {
  return process.env['FERRY_TEST_STORES'] === 'real';
}

/**
 * @param directory of the Ferry; the same one gets the same stores, as a server that is started again
 * @throws when a store is not named by its variable: see `scripts/test-stores.ts`
 */
export async function realStores(directory: string): Promise<RealStores> {
  const name = `${runPrefix()}${createHash('sha256').update(directory).digest('hex').slice(0, 12)}`;
  const url = mysqlServerUrl();
  const statement = async (sql: string) => {
    const server = await createConnection(url.href);
    await server.query(sql);
    await server.end();
  };
  await statement(`CREATE DATABASE IF NOT EXISTS ${name}`);
  const database = new URL(url);
  database.pathname = `/${name}`;
  const { endpoint, bucket, credentials } = s3Bucket();
  return {
    settings: {
      DATABASE_URL: database.href,
      MONGO_URL: mongoServerUrl(name).href,
      REDIS_URL: redisServerUrl(),
      REDIS_PREFIX: `${name}:`,
      S3_ENDPOINT: endpoint,
      S3_BUCKET: bucket,
      S3_PREFIX: `${name}/`,
      S3_ACCESS_KEY_ID: credentials?.accessKeyId ?? '',
      S3_SECRET_ACCESS_KEY: credentials?.secretAccessKey ?? '',
      // As on the local disk, where a test says nothing else.
      MIN_CHUNK_BYTES: '64KiB',
    },
    drop: () => statement(`DROP DATABASE IF EXISTS ${name}`),
  };
}
