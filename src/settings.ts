import { z } from 'zod';
import { parseRedisUrl } from './models/redis/address';
import { parseMysqlUrl } from './models/sql/mysql-address';
import { bytes, flag, isNetwork, isOrigin, keyFile, list, secret, whole } from './setting-types';

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
    .refine((text) => !/[?#@\s]/.test(text), 'should have neither credentials nor a query')
    .transform((text) => text.replace(/\/+$/, ''))
    .optional()
    .describe('How clients reach Ferry. Links are made from it, and requests for another host get 421.'),
  TRUSTED_PROXIES: list('addresses or networks such as 127.0.0.1 or 10.0.0.0/8', isNetwork).describe(
    'Proxies whose X-Forwarded-For, -Proto and -Host are believed.',
  ),
  CORS_ORIGINS: list('origins such as https://app.example.com', isOrigin).describe(
    'Web origins whose pages may call the API. Changes need an access token there: a session cookie is only good for them on our own pages.',
  ),

  DATA_DIR: z.string().min(1).default('data').describe('Where the database and the made-up secrets lie.'),
  UPLOADS_DIR: z.string().min(1).default('uploads').describe('Where the bytes of files lie.'),
  DATABASE_URL: z
    .string()
    .refine((url) => parseMysqlUrl(url) !== null, {
      message: 'should be a URL such as mysql://user:password@127.0.0.1:3306/ferry?ssl-mode=VERIFY_IDENTITY',
    })
    .optional()
    .describe(
      'Keeps records in MySQL 8 or MariaDB 10.6, or later, for several processes; ssl-mode may be REQUIRED, VERIFY_CA or VERIFY_IDENTITY.',
    ),
  MONGO_URL: z
    .string()
    .regex(
      /^mongodb(?:\+srv)?:\/\/(?:[^\s/@:]+(?::[^\s/@:]*)?@)?[^\s/@?]+(?:\/[^\s/@?]*)?(?:\?\S*)?$/,
      'should be a URL such as mongodb://127.0.0.1:27017/ferry',
    )
    .optional()
    .describe('Keeps documents and comments in MongoDB instead of the SQL database; one server is enough.'),
  REDIS_URL: z
    .string()
    .refine((url) => parseRedisUrl(url) !== null, {
      message:
        'should be a URL such as redis://:password@127.0.0.1:6379/0, redis-sentinel://host:26379,host:26379/master or redis-cluster://host:6379,host:6379',
    })
    .optional()
    .describe(
      'Keeps sessions, tickets, leases, counters and events in Redis 6.2 or later, for several processes; rediss:// speaks TLS. redis-sentinel://host,host/master and redis-cluster://host,host work, too.',
    ),
  REDIS_PREFIX: z
    .string()
    .regex(/^[\w:.-]{1,50}$/, 'should be up to 50 letters, digits and : . _ -')
    .default('ferry:')
    .describe('Begins all keys and channels in Redis, so that several installations may share a server.'),
  S3_ENDPOINT: z
    .url({
      protocol: /^https?$/,
      message: 'should be an http or https URL such as https://s3.eu-central-1.amazonaws.com',
    })
    .refine((text) => !/[?#@\s]/.test(text), 'should have neither credentials nor a query')
    .optional()
    .describe(
      'Keeps the bytes of files in S3-compatible object storage, for several processes; UPLOADS_DIR then only holds chunks that are on their way there.',
    ),
  S3_REGION: z.string().min(1).default('us-east-1').describe('The region of the bucket.'),
  S3_BUCKET: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'should be the name of a bucket such as ferry-files')
    .default('ferry')
    .describe('The bucket, which must be there.'),
  S3_PREFIX: z
    .string()
    .regex(/^(?:[\w.-]+\/)*$/, 'should be a path such as ferry/')
    .default('')
    .describe('Begins all keys in the bucket, so that several installations may share it.'),
  S3_ACCESS_KEY_ID: z
    .string()
    .max(256)
    .optional()
    .describe('Credentials; without them those of the machine, as the AWS SDK finds them, are used.'),
  S3_SECRET_ACCESS_KEY: z.string().max(256).optional().describe('Belongs to S3_ACCESS_KEY_ID.'),
  S3_FORCE_PATH_STYLE: flag('1').describe(
    '1 names the bucket in the path, which servers of your own need; 0 in the host name, as some providers demand.',
  ),

  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('fatal, error, warn, info, debug, trace or silent.'),
  LOG_FORMAT: z
    .enum(['auto', 'pretty', 'json'])
    .default('auto')
    .describe('pretty for people, json for machines; auto is json in production and pretty elsewhere.'),

  JWT_SECRET: secret('Signs access tokens. Without it one is made at the first start and kept in DATA_DIR.'),
  JWT_SECRET_PREVIOUS: secret('The secret before: what it signed is taken until it expires.'),
  JWT_SECRET_NEXT: secret('The secret to come: what processes that have it already sign is taken.'),
  JWT_KEY_FILE: keyFile(
    'A PEM file with a P-256 private key: signs access tokens by ES256 instead, to be checked by /.well-known/jwks.json.',
  ),
  JWT_KEY_FILE_PREVIOUS: keyFile('The key before: what it signed is taken until it expires.'),
  JWT_KEY_FILE_NEXT: keyFile('The key to come: others learn it from jwks.json before it signs anything.'),
  ACCESS_TOKEN_SECONDS: whole(600, 10, 86_400).describe('How long an access token lives.'),
  REFRESH_TOKEN_DAYS: whole(30, 1, 365).describe('How long a sign-in lives without being used.'),

  SIGN_IN_LIMIT: whole(300, 1, 1_000_000).describe(
    'Sign-ins by password from one address within 15 minutes; as many by WeChat, ten times as many refreshes.',
  ),
  GUESS_LIMIT: whole(10, 1, 1000).describe(
    'Wrong passwords for one user from one address within 15 minutes; from anywhere, twice as many slow it down.',
  ),
  REGISTER_LIMIT: whole(300, 1, 1_000_000).describe('New users from one address within an hour.'),
  QR_LIMIT: whole(30, 1, 100_000).describe('QR codes for sign-in for one address within a minute.'),

  WECHAT_APPID: z
    .string()
    .regex(/^[\w-]{1,50}$/, 'should be the AppID of a mini-program such as wx0123456789abcdef')
    .optional()
    .describe('The mini-program whose users may sign in; needs WECHAT_SECRET.'),
  WECHAT_SECRET: z.string().max(256).optional().describe('The AppSecret of the mini-program.'),
  WECHAT_API: z
    .url({
      protocol: /^https?$/,
      message: 'should be an http or https URL such as https://api.weixin.qq.com',
    })
    .default('https://api.weixin.qq.com')
    .transform((text) => text.replace(/\/+$/, ''))
    .describe('Where the API of WeChat is; a stand-in for tests may be elsewhere.'),
  WECHAT_DEV: z
    .enum(['0', '1'], 'should be 0 or 1')
    .default('0')
    .describe('1 takes the code dev:<name> from anybody as a sign-in of that name. Not in production.'),

  MAX_FILE_BYTES: bytes('50GiB', 1).describe('The largest file.'),
  MAX_FORM_FILE_BYTES: bytes('100MiB', 1).describe('The largest file that POST /files takes in one request.'),
  CHUNK_BYTES: bytes('5MiB', KIB).describe('The chunk size where the client asks for none.'),
  MIN_CHUNK_BYTES: bytes('64KiB', 1).describe('The smallest chunk size that a client gets.'),
  MAX_CHUNK_BYTES: bytes('64MiB', KIB).describe('The largest chunk size that a client gets.'),
  UPLOAD_SYNC: z
    .enum(['on', 'off'])
    .default('on')
    .describe(
      'on: a chunk is on the disk before it is answered. off: the system writes it when it likes, which is faster; a power cut may lose acknowledged chunks and files made of them.',
    ),
  UPLOAD_HOURS: whole(24, 1, 24 * 365).describe('How long an upload waits for its next chunk.'),
  MAX_OPEN_UPLOADS: whole(1000, 1, 1_000_000).describe('Open uploads that one user may have.'),
  USER_QUOTA_BYTES: bytes('0').describe('What one user may store, open uploads included; 0 is no limit.'),
  FREE_SPACE_BYTES: bytes('256MiB').describe('Space that uploads leave free on the disk.'),
  INSTANT_UPLOAD: z
    .enum(['own', 'proof', 'off'])
    .default('own')
    .describe(
      'own: content that the caller can read already is not sent again. proof: nor is content of others that the caller shows to have, which tells that it is here. off: always sent.',
    ),
  BLOB_GRACE_MINUTES: whole(60, 1, 60 * 24 * 365).describe('How long deleted content stays on the disk.'),

  ARCHIVE_HOURS: whole(24, 1, 24 * 365).describe('How long a ZIP of several files can be fetched.'),
  DOWNLOAD_BYTES_PER_SECOND: bytes('0').describe(
    'What one user, or one address without a user, may download in a second over all connections to this process; 0 is no limit.',
  ),
  ACCEL_REDIRECT: z
    .string()
    .regex(/^\/(?:[\w.-]+\/)+$/, 'should be a path such as /_ferry-blobs/')
    .optional()
    .describe(
      'Where nginx in front has UPLOADS_DIR/blobs, an internal location: it then sends the bytes of files. See deploy/nginx.',
    ),

  MAX_DOCUMENT_BYTES: bytes('256KiB', 1).describe('The longest document, in bytes of Markdown.'),
  MAX_COMMENT_BYTES: bytes('16KiB', 1).describe('The longest comment.'),
  MAX_VERSIONS: whole(100, 1, 100_000).describe('Old versions that are kept of each document.'),
  WRITE_LIMIT: whole(300, 1, 1_000_000).describe(
    'Documents and comments that one user may write or change within a minute.',
  ),
  TRASH_DAYS: whole(30, 1, 3650).describe('How long deleted documents can be restored.'),

  EVENTS_MAX_CONNECTIONS: whole(20_000, 1, 1_000_000).describe(
    'Realtime connections to this process, requests that wait included.',
  ),
  EVENTS_MAX_PER_USER: whole(100, 1, 1_000_000).describe('Realtime connections of one user.'),
  EVENTS_MAX_PER_ADDRESS: whole(1000, 1, 1_000_000).describe('Realtime connections from one address.'),
  EVENTS_MAX_TOPICS: whole(100, 1, 1000).describe('Topics that one realtime connection may follow.'),
  EVENTS_MAX_SUBSCRIPTIONS: whole(200_000, 1, 10_000_000).describe(
    'Topics that all realtime connections to this process follow together.',
  ),

  JSON_BODY_BYTES: bytes('1MiB', KIB).describe('The largest JSON body.'),
  STATIC_MAX_BYTES: bytes('0').describe(
    'The largest file of public/ that is sent; a larger one is refused. 0 is no limit.',
  ),
  BODY_IDLE_SECONDS: whole(30, 1, 3600).describe('How long a request body may stand still.'),
  UV_THREADPOOL_SIZE: whole(4, 1, 1024).describe(
    'Threads of Node that reach the disk and hash passwords. At most all but two hash, and one for each core but one.',
  ),
  SHUTDOWN_SECONDS: whole(20, 1, 600).describe(
    'How long running requests may take once Ferry is told to stop.',
  ),
});
