import path from 'node:path';
import type { z } from 'zod';
import { settings } from './settings';

/** Pieces from this size on are joined by object storage itself; smaller ones are read and written once more. */
const LEAST_S3_CHUNK = '5MiB';
const DAY_MS = 24 * 60 * 60 * 1000;

export interface Config {
  environment: 'development' | 'production' | 'test';
  listen: { host: string; port: number };
  http: {
    publicUrl: string | null;
    trustedProxies: string[];
    corsOrigins: string[];
    jsonBodyBytes: number;
    bodyIdleMs: number;
    /** Of the largest static file; 0 is no limit. */
    staticMaxBytes: number;
    /** Where nginx in front has the blobs; null when it has not. */
    accelRedirect: string | null;
    shutdownMs: number;
    /** Whether pages that help in development are served. */
    devPages: boolean;
  };
  log: { level: string; pretty: boolean };
  /** Of the pool that reaches the disk and hashes passwords. */
  threads: number;
  dataDirectory: string;
  uploadsDirectory: string;
  /** Whether bytes are synced before they count as received. */
  syncUploads: boolean;
  /** Where records lie; null for SQLite. */
  databaseUrl: string | null;
  /** Where documents lie; null for the relational database. */
  mongoUrl: string | null;
  /** Where short-lived values, counters and events lie; null for this process. */
  redis: { url: string; prefix: string } | null;
  /** Where the bytes of files lie; null for the local disk. */
  s3: {
    endpoint: string;
    region: string;
    bucket: string;
    prefix: string;
    /** Null for those of the machine. */
    credentials: { accessKeyId: string; secretAccessKey: string } | null;
    forcePathStyle: boolean;
  } | null;
  tokens: {
    secret: string | null;
    otherSecrets: string[];
    /** P-256 keys; without a current one the secret signs. */
    keyFiles: { current: string | null; previous: string | null; next: string | null };
    accessSeconds: number;
    refreshMs: number;
  };
  limits: {
    signIn: number;
    guesses: number;
    register: number;
    refresh: number;
    wechat: number;
    qr: number;
    writing: number;
  };
  wechat: { app: { appid: string; secret: string } | null; api: string; dev: boolean };
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
    instant: 'own' | 'proof' | 'off';
    blobGraceMs: number;
  };
  documents: {
    maxBodyBytes: number;
    maxCommentBytes: number;
    /** Old ones of each document. */
    maxVersions: number;
    trashMs: number;
  };
  realtime: {
    connections: number;
    connectionsOfUser: number;
    connectionsOfAddress: number;
    topics: number;
    subscriptions: number;
  };
  downloads: {
    /** For each downloader; 0 is no limit. */
    bytesPerSecond: number;
    /** How long an archive can be fetched. */
    archiveMs: number;
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
  const standards = environment['S3_ENDPOINT'] ? { MIN_CHUNK_BYTES: LEAST_S3_CHUNK } : {};
  const given = Object.fromEntries(known.filter(([, value]) => value !== undefined)) as object;
  const parsed = settings.safeParse({ ...standards, ...given });
  if (!parsed.success) {
    throw new ConfigError(parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`));
  }
  const config = shape(parsed.data);
  const { minChunkBytes, chunkBytes, maxChunkBytes } = config.uploads;
  if (minChunkBytes > chunkBytes || chunkBytes > maxChunkBytes) {
    throw new ConfigError(['CHUNK_BYTES should lie between MIN_CHUNK_BYTES and MAX_CHUNK_BYTES']);
  }
  const { current, previous, next } = config.tokens.keyFiles;
  if (current === null && (previous ?? next) !== null) {
    throw new ConfigError([
      `${previous === null ? 'JWT_KEY_FILE_NEXT' : 'JWT_KEY_FILE_PREVIOUS'} is of use only with JWT_KEY_FILE`,
    ]);
  }
  const { accelRedirect, trustedProxies } = config.http;
  if (accelRedirect !== null && trustedProxies.length === 0) {
    throw new ConfigError([
      'ACCEL_REDIRECT is of use only with TRUSTED_PROXIES, which has to name the nginx',
    ]);
  }
  if (accelRedirect !== null && config.s3 !== null) {
    throw new ConfigError(['ACCEL_REDIRECT cannot go with S3_ENDPOINT: nginx would find no files']);
  }
  if (accelRedirect !== null && config.downloads.bytesPerSecond > 0) {
    throw new ConfigError([
      'ACCEL_REDIRECT cannot go with DOWNLOAD_BYTES_PER_SECOND: nginx knows no budget of a user',
    ]);
  }
  return config;
}

function shape(values: z.infer<typeof settings>): Config {
  return {
    environment: values.NODE_ENV,
    listen: { host: values.HOST, port: values.PORT },
    http: {
      publicUrl: values.PUBLIC_URL ?? null,
      trustedProxies: values.TRUSTED_PROXIES,
      corsOrigins: values.CORS_ORIGINS,
      jsonBodyBytes: values.JSON_BODY_BYTES,
      bodyIdleMs: values.BODY_IDLE_SECONDS * 1000,
      staticMaxBytes: values.STATIC_MAX_BYTES,
      accelRedirect: values.ACCEL_REDIRECT ?? null,
      shutdownMs: values.SHUTDOWN_SECONDS * 1000,
      devPages: values.NODE_ENV === 'development',
    },
    log: {
      level: values.LOG_LEVEL,
      pretty:
        values.LOG_FORMAT === 'pretty' || (values.LOG_FORMAT === 'auto' && values.NODE_ENV !== 'production'),
    },
    threads: values.UV_THREADPOOL_SIZE,
    dataDirectory: path.resolve(values.DATA_DIR),
    uploadsDirectory: path.resolve(values.UPLOADS_DIR),
    syncUploads: values.UPLOAD_SYNC === 'on',
    databaseUrl: values.DATABASE_URL ?? null,
    mongoUrl: values.MONGO_URL ?? null,
    redis: values.REDIS_URL === undefined ? null : { url: values.REDIS_URL, prefix: values.REDIS_PREFIX },
    s3: s3Of(values),
    tokens: {
      secret: values.JWT_SECRET ?? null,
      otherSecrets: [values.JWT_SECRET_PREVIOUS, values.JWT_SECRET_NEXT].filter(
        (other) => other !== undefined,
      ),
      keyFiles: {
        current: values.JWT_KEY_FILE ?? null,
        previous: values.JWT_KEY_FILE_PREVIOUS ?? null,
        next: values.JWT_KEY_FILE_NEXT ?? null,
      },
      accessSeconds: values.ACCESS_TOKEN_SECONDS,
      refreshMs: values.REFRESH_TOKEN_DAYS * DAY_MS,
    },
    limits: {
      signIn: values.SIGN_IN_LIMIT,
      guesses: values.GUESS_LIMIT,
      register: values.REGISTER_LIMIT,
      refresh: values.SIGN_IN_LIMIT * 10,
      wechat: values.SIGN_IN_LIMIT,
      qr: values.QR_LIMIT,
      writing: values.WRITE_LIMIT,
    },
    wechat: wechatOf(values),
    uploads: uploadsOf(values),
    documents: documentsOf(values),
    downloads: downloadsOf(values),
    realtime: realtimeOf(values),
  };
}

function s3Of(values: z.infer<typeof settings>): Config['s3'] {
  const { S3_ENDPOINT: endpoint, S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secret } = values;
  if (endpoint === undefined) return null;
  if ((accessKeyId === undefined) !== (secret === undefined)) {
    throw new ConfigError(['S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY should be set both, or neither']);
  }
  return {
    endpoint,
    region: values.S3_REGION,
    bucket: values.S3_BUCKET,
    prefix: values.S3_PREFIX,
    credentials:
      accessKeyId === undefined || secret === undefined ? null : { accessKeyId, secretAccessKey: secret },
    forcePathStyle: values.S3_FORCE_PATH_STYLE === '1',
  };
}

function uploadsOf(values: z.infer<typeof settings>): Config['uploads'] {
  return {
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
  };
}

function documentsOf(values: z.infer<typeof settings>): Config['documents'] {
  return {
    maxBodyBytes: values.MAX_DOCUMENT_BYTES,
    maxCommentBytes: values.MAX_COMMENT_BYTES,
    maxVersions: values.MAX_VERSIONS,
    trashMs: values.TRASH_DAYS * DAY_MS,
  };
}

function downloadsOf(values: z.infer<typeof settings>): Config['downloads'] {
  return {
    bytesPerSecond: values.DOWNLOAD_BYTES_PER_SECOND,
    archiveMs: values.ARCHIVE_HOURS * 60 * 60 * 1000,
  };
}

function realtimeOf(values: z.infer<typeof settings>): Config['realtime'] {
  return {
    connections: values.EVENTS_MAX_CONNECTIONS,
    connectionsOfUser: values.EVENTS_MAX_PER_USER,
    connectionsOfAddress: values.EVENTS_MAX_PER_ADDRESS,
    topics: values.EVENTS_MAX_TOPICS,
    subscriptions: values.EVENTS_MAX_SUBSCRIPTIONS,
  };
}

function wechatOf(values: z.infer<typeof settings>): Config['wechat'] {
  const { WECHAT_APPID: appid, WECHAT_SECRET: secret, WECHAT_API: api, WECHAT_DEV: dev } = values;
  if (dev === '1' && values.NODE_ENV === 'production') {
    throw new ConfigError(['WECHAT_DEV should not be 1 in production: anybody could sign in as anybody']);
  }
  if ((appid === undefined) !== (secret === undefined)) {
    const [missing, given] = appid === undefined ? ['APPID', 'SECRET'] : ['SECRET', 'APPID'];
    throw new ConfigError([`WECHAT_${missing} should be set where WECHAT_${given} is`]);
  }
  const app = appid === undefined || secret === undefined ? null : { appid, secret };
  return { app, api, dev: dev === '1' };
}
