import { createHash } from 'node:crypto';
import type * as Sdk from '@aws-sdk/client-s3';

/** How often a request is made that fails in a way that may pass. */
export const MOST_ATTEMPTS = 3;
/** How long to wait for a connection, and how long the storage may then stay silent. */
const CONNECT_MS = 3000;
const SILENCE_MS = 10_000;
/** Slow downloads each hold a connection. */
const MOST_CONNECTIONS = 1000;

export interface ClientOptions {
  /** An http or https URL. */
  endpoint: string;
  region: string;
  /** Null for those of the machine, as the AWS SDK finds them. */
  credentials: { accessKeyId: string; secretAccessKey: string } | null;
  /** Whether the bucket is named in the path instead of in the host name. */
  forcePathStyle: boolean;
}

/** Loads the AWS SDK, which is large, and connects to nothing yet. */
export async function createClient({ endpoint, region, credentials, forcePathStyle }: ClientOptions) {
  const sdk = await import('@aws-sdk/client-s3');
  const agent = { keepAlive: true, maxSockets: MOST_CONNECTIONS };
  const client = new sdk.S3Client({
    endpoint,
    region,
    forcePathStyle,
    ...(credentials && { credentials }),
    // Other servers than Amazon's know no checksums by default. What is written has one by hand.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: MOST_ATTEMPTS,
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      socketTimeout: SILENCE_MS,
      httpAgent: agent,
      httpsAgent: agent,
    },
  });
  addContentMd5(client);
  return { sdk, client };
}

/** Older servers know no other checksum where one is required, which is when many objects are deleted at once. */
function addContentMd5(client: Sdk.S3Client): void {
  client.middlewareStack.add(
    (next, { commandName }) =>
      (args) => {
        const { body, headers } = args.request as { body?: unknown; headers: Record<string, string> };
        if (commandName === 'DeleteObjectsCommand' && typeof body === 'string')
          headers['content-md5'] = createHash('md5').update(body).digest('base64');
        return next(args);
      },
    { name: 'contentMd5', step: 'build', priority: 'low' },
  );
}
