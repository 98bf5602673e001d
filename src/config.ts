import path from 'node:path';
import { z } from 'zod';
import { bytes, isNetwork, isOrigin, list, notYet, whole } from './setting-types';

const KIB = 1024;

/** Every setting: its key, its default, what it may be. `.env.example` is made from this. */
export const settings = z.object({
  NODE_ENV: z
    .enum(['development', 'production', 'test'])
    .default('development')
    .describe('development, production or test. Production logs JSON and caches page templates.'),
  HOST: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('The address to listen on. 0.0.0.0 makes Ferry reachable from other machines.'),
  PORT: whole(3000, 0, 65535).describe('The port to listen on; 0 takes any free one.'),
  PUBLIC_URL: z
    .url({
      protocol: /^https?$/,
      message: 'should be an http or https URL such as https://files.example.com',
    })
    .transform((text) => text.replace(/\/+$/, ''))
    .optional()
    .describe('How clients reach Ferry. Links are made from it, and requests for another host get 421.'),
  TRUSTED_PROXIES: list('addresses or networks such as 127.0.0.1 or 10.0.0.0/8', isNetwork).describe(
    'Proxies whose X-Forwarded-For, -Proto and -Host are believed.',
  ),
  CORS_ORIGINS: list('origins such as https://app.example.com', isOrigin).describe(
    'Web origins whose pages may call the API with credentials.',
  ),

  DATA_DIR: z.string().min(1).default('data').describe('Where the database and the made-up secrets lie.'),
  UPLOADS_DIR: z.string().min(1).default('uploads').describe('Where the bytes of files lie.'),
  DATABASE_URL: notYet('records in SQLite'),
  MONGO_URL: notYet('records in SQLite'),
  REDIS_URL: notYet('short-lived values in the process'),
  S3_ENDPOINT: notYet('files on the local disk'),

  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('fatal, error, warn, info, debug, trace or silent.'),
  LOG_FORMAT: z
    .enum(['auto', 'pretty', 'json'])
    .default('auto')
    .describe('pretty for people, json for machines; auto is json in production and pretty elsewhere.'),

  JWT_SECRET: z
    .string()
    .min(32, 'should have at least 32 characters')
    .optional()
    .describe('Signs access tokens. Without it one is made at the first start and kept in DATA_DIR.'),
  ACCESS_TOKEN_SECONDS: whole(600, 10, 86_400).describe('How long an access token lives.'),
  REFRESH_TOKEN_DAYS: whole(30, 1, 365).describe('How long a sign-in lives without being used.'),

  MAX_FILE_BYTES: bytes('50GiB', 1).describe('The largest file.'),
  MAX_FORM_FILE_BYTES: bytes('100MiB', 1).describe('The largest file that POST /files takes in one request.'),
  CHUNK_BYTES: bytes('5MiB', KIB).describe('The chunk size where the client asks for none.'),
  MIN_CHUNK_BYTES: bytes('64KiB', 1).describe('The smallest chunk size that a client gets.'),
  MAX_CHUNK_BYTES: bytes('64MiB', KIB).describe('The largest chunk size that a client gets.'),
  UPLOAD_HOURS: whole(24, 1, 24 * 365).describe('How long an upload waits for its next chunk.'),
  MAX_OPEN_UPLOADS: whole(1000, 1, 1_000_000).describe('Open uploads that one user may have.'),
  USER_QUOTA_BYTES: bytes('0').describe('What one user may store, open uploads included; 0 is no limit.'),
  FREE_SPACE_BYTES: bytes('256MiB').describe('Space that uploads leave free on the disk.'),
  INSTANT_UPLOAD: z
    .enum(['own', 'off'])
    .default('own')
    .describe('own: content that the caller can read already is not sent again. off: always sent.'),
  BLOB_GRACE_MINUTES: whole(60, 1, 60 * 24 * 365).describe('How long deleted content stays on the disk.'),

  JSON_BODY_BYTES: bytes('1MiB', KIB).describe('The largest JSON body.'),
  BODY_IDLE_SECONDS: whole(30, 1, 3600).describe('How long a request body may stand still.'),
  SHUTDOWN_SECONDS: whole(20, 1, 600).describe(
    'How long running requests may take once Ferry is told to stop.',
  ),
});

export interface Config {
  environment: 'development' | 'production' | 'test';
  listen: { host: string; port: number };
  http: {
    publicUrl: string | null;
    trustedProxies: string[];
    corsOrigins: string[];
    jsonBodyBytes: number;
    bodyIdleMs: number;
    shutdownMs: number;
  };
  log: { level: string; pretty: boolean };
  dataDirectory: string;
  uploadsDirectory: string;
  tokens: { secret: string | null; accessSeconds: number; refreshMs: number };
  uploads: {
    maxFileBytes: number;
    maxFormFileBytes: number;
    chunkBytes: number;
    minChunkBytes: number;
    maxChunkBytes: number;
    waitMs: number;
    maxOpen: number;
    quotaBytes: number;
    freeSpaceBytes: number;
    instant: 'own' | 'off';
    blobGraceMs: number;
  };
}

/** A setting is not what it should be; the message has a line for each. */
export class ConfigError extends Error {
  constructor(lines: string[]) {
    super(lines.join('\n'));
    this.name = 'ConfigError';
  }
}

/**
 * Reads the settings from an environment. An empty value counts as not set.
 * @throws {ConfigError} naming each wrong setting and what it should be
 */
export function readConfig(environment: Record<string, string | undefined>): Config {
  const known = Object.keys(settings.shape).map((key) => [key, environment[key] || undefined]);
  const parsed = settings.safeParse(Object.fromEntries(known));
  if (!parsed.success) {
    throw new ConfigError(parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`));
  }
  const config = shape(parsed.data);
  const { minChunkBytes, chunkBytes, maxChunkBytes } = config.uploads;
  if (minChunkBytes > chunkBytes || chunkBytes > maxChunkBytes) {
    throw new ConfigError(['CHUNK_BYTES should lie between MIN_CHUNK_BYTES and MAX_CHUNK_BYTES']);
  }
  return config;
}

function shape(values: z.infer<typeof settings>): Config {
  const day = 24 * 60 * 60 * 1000;
  return {
    environment: values.NODE_ENV,
    listen: { host: values.HOST, port: values.PORT },
    http: {
      publicUrl: values.PUBLIC_URL ?? null,
      trustedProxies: values.TRUSTED_PROXIES,
      corsOrigins: values.CORS_ORIGINS,
      jsonBodyBytes: values.JSON_BODY_BYTES,
      bodyIdleMs: values.BODY_IDLE_SECONDS * 1000,
      shutdownMs: values.SHUTDOWN_SECONDS * 1000,
    },
    log: {
      level: values.LOG_LEVEL,
      pretty:
        values.LOG_FORMAT === 'pretty' || (values.LOG_FORMAT === 'auto' && values.NODE_ENV !== 'production'),
    },
    dataDirectory: path.resolve(values.DATA_DIR),
    uploadsDirectory: path.resolve(values.UPLOADS_DIR),
    tokens: {
      secret: values.JWT_SECRET ?? null,
      accessSeconds: values.ACCESS_TOKEN_SECONDS,
      refreshMs: values.REFRESH_TOKEN_DAYS * day,
    },
    uploads: {
      maxFileBytes: values.MAX_FILE_BYTES,
      maxFormFileBytes: values.MAX_FORM_FILE_BYTES,
      chunkBytes: values.CHUNK_BYTES,
      minChunkBytes: values.MIN_CHUNK_BYTES,
      maxChunkBytes: values.MAX_CHUNK_BYTES,
      waitMs: values.UPLOAD_HOURS * 60 * 60 * 1000,
      maxOpen: values.MAX_OPEN_UPLOADS,
      quotaBytes: values.USER_QUOTA_BYTES,
      freeSpaceBytes: values.FREE_SPACE_BYTES,
      instant: values.INSTANT_UPLOAD,
      blobGraceMs: values.BLOB_GRACE_MINUTES * 60 * 1000,
    },
  };
}
