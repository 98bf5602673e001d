import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { openS3Blobs, type S3BlobsOptions } from '../../src/models/blobs/s3';
import { type Bucket, createBucket } from '../../src/models/blobs/s3/bucket';
import type { BlobStore } from '../../src/models/blobs';

/** The bucket that tests may use; their keys begin with prefixes of their own. */
export function s3Bucket(): Omit<S3BlobsOptions, 'prefix' | 'spoolDirectory'> {
  const endpoint = process.env.TEST_S3_ENDPOINT;
  if (endpoint === undefined || endpoint === '')
    throw new Error('TEST_S3_ENDPOINT should name an S3 server, e.g. http://127.0.0.1:9000');
  return {
    endpoint,
    region: 'us-east-1',
    bucket: process.env.TEST_S3_BUCKET ?? 'ferry',
    credentials: {
      accessKeyId: process.env.TEST_S3_ACCESS_KEY_ID ?? '',
      secretAccessKey: process.env.TEST_S3_SECRET_ACCESS_KEY ?? '',
    },
    forcePathStyle: true,
  };
}

/** A place of its own in that bucket, and stores on it. */
export interface S3Place {
  options: S3BlobsOptions;
  /** The objects as they are. */
  bucket: Bucket;
  open(): Promise<BlobStore>;
  /** Closes the stores and removes what they left. */
  remove(): Promise<void>;
}

export async function createS3Place(changes: Partial<S3BlobsOptions> = {}): Promise<S3Place> {
  const spoolDirectory = await mkdtemp(path.join(os.tmpdir(), 'ferry-spool-'));
  const prefix = `test-${randomBytes(6).toString('hex')}/`;
  const options = { ...s3Bucket(), prefix, spoolDirectory, ...changes };
  const bucket = await createBucket({ ...s3Bucket(), prefix });
  const stores: BlobStore[] = [];
  return {
    options,
    bucket,
    async open() {
      const store = await openS3Blobs(options);
      stores.push(store);
      return store;
    },
    async remove() {
      for (const store of stores) await store.close();
      const keys: string[] = [];
      for await (const { key } of bucket.list('')) keys.push(key);
      await bucket.delete(keys);
      bucket.close();
      await rm(spoolDirectory, { recursive: true, force: true });
    },
  };
}
