import { blobsContract } from '../contract/blobs.contract';
import { createS3Place } from '../support/s3';

blobsContract('S3', async () => {
  const place = await createS3Place();
  return { store: await place.open(), chunkSize: 300_000, dispose: () => place.remove() };
});
