import { Redis } from 'ioredis';
import mongoose from 'mongoose';
import { createConnection } from 'mysql2/promise';
import { createBucket } from '../../src/models/blobs/s3/bucket';
import { mongoServerUrl } from './mongo';
import { mysqlServerUrl } from './mysql';
import { redisServerUrl } from './redis';
import { runPrefix } from './real-stores';
import { s3Bucket } from './s3';

/**
 * Removes what a run of the tests made on servers that stay.
 * @param environment the variables of that run
 */
export async function removeRun(environment: Record<string, string>): Promise<void> {
  Object.assign(process.env, environment);
  const prefix = runPrefix();
  if (process.env['TEST_DATABASE_URL']) await dropMysqlDatabases(prefix);
  if (process.env['TEST_MONGO_URL']) await dropMongoDatabases(prefix);
  if (process.env['TEST_REDIS_URL']) await deleteRedisKeys(prefix);
  if (process.env['TEST_S3_ENDPOINT']) await deleteObjects(prefix);
}

async function dropMysqlDatabases(prefix: string): Promise<void> {
  const server = await createConnection(mysqlServerUrl().href);
  const [rows] = await server.query('SELECT schema_name AS name FROM information_schema.schemata');
  for (const { name } of rows as { name: string }[]) {
    if (name.startsWith(prefix)) await server.query(`DROP DATABASE ${name}`);
  }
  await server.end();
}

async function dropMongoDatabases(prefix: string): Promise<void> {
  const connection = await mongoose.createConnection(mongoServerUrl('admin').href).asPromise();
  const { databases } = await connection.listDatabases();
  for (const { name } of databases) {
    if (name.startsWith(prefix)) await connection.useDb(name).dropDatabase();
  }
  await connection.close();
}

async function deleteRedisKeys(prefix: string): Promise<void> {
  const redis = new Redis(redisServerUrl());
  for await (const keys of redis.scanStream({ match: `${prefix}*`, count: 1000 }) as AsyncIterable<
    string[]
  >) {
    if (keys.length > 0) await redis.del(keys);
  }
  redis.disconnect();
}

async function deleteObjects(prefix: string): Promise<void> {
  const bucket = await createBucket({ ...s3Bucket(), prefix });
  const keys: string[] = [];
  for await (const { key } of bucket.list('')) keys.push(key);
  await bucket.delete(keys);
  bucket.close();
}
