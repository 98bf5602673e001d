import { availableParallelism } from 'node:os';
import type { Stores } from '../models/stores';
import { createAccessTokens, type AccessTokens } from './access-tokens';
import { createAdministration, type Administration } from './administration';
import { Appends } from './appends';
import { createAccounts, type Accounts } from './accounts';
import { Archives } from './archives';
import { Attachments } from './attachments';
import { BrowserSignIns } from './browser-sign-ins';
import { ClientUploads } from './client-uploads';
import { ContentHashes } from './content-hashes';
import { DownloadBudgets, type Alarms } from './download-budgets';
import { Comments } from './comments';
import { ContentEvents } from './content-events';
import { ContentUpkeep } from './content-upkeep';
import { Documents, type DocumentLimits } from './documents';
import { createEventPublisher, type EventPublisher } from './events';
import { Files } from './files';
import { createFreeSpace } from './free-space';
import { createHealth, type Health } from './health';
import { Hub } from './hub';
import type { PlaceLimits } from './hub/places';
import type { Timers } from './hub/timers';
import { createIdempotency, type Idempotency } from './idempotency';
import { createKeyRing, type KeyRing } from './key-ring';
import { JoinedUploads } from './joined-uploads';
import { Ledger } from './ledger';
import { Links } from './links';
import { Maintenance } from './maintenance';
import { MergedUploads } from './merged-uploads';
import { OwnershipProofs } from './ownership-proofs';
import { Markdown } from './markdown';
import { createPasswords, hashesAtOnce } from './passwords';
import { QrSignIns } from './qr';
import { ProgressEvents } from './progress-events';
import { createQuotas } from './quotas';
import {
  createRateLimits,
  limitersInMemory,
  type LimiterFactory,
  type RateLimits,
  type RateLimitSettings,
} from './rate-limits';
import type { Clock, Log } from './runtime';
import { deriveKeys } from './secrets';
import { createSessionStore, type SessionStore } from './session-store';
import { createShares, type Shares } from './shares';
import { secretSigningKey, type SigningKey } from './signing-keys';
import { ResumableUploads } from './resumable-uploads';
import { SequentialUploads } from './sequential-uploads';
import { createSeal } from './sealing';
import { createTopicOwners } from './topic-owners';
import { createTickets, type Tickets } from './tickets';
import { Tokens } from './tokens';
import { UnsizedChunks } from './unsized-chunks';
import { Uploads, type UploadLimits } from './uploads';
import { Wechat, type WechatSettings } from './wechat';

export interface Services {
  rateLimits: RateLimits;
  accessTokens: AccessTokens;
  administration: Administration;
  accounts: Accounts;
  tokens: Tokens;
  tickets: Tickets;
  browserSignIns: BrowserSignIns;
  sessionStore: SessionStore;
  qr: QrSignIns;
  wechat: Wechat;
  /** Sign cookies: the first one new ones, any of them those that come back. */
  cookieKeys: string[];
  uploads: Uploads;
  sequentialUploads: SequentialUploads;
  joinedUploads: JoinedUploads;
  resumableUploads: ResumableUploads;
  mergedUploads: MergedUploads;
  unsizedChunks: UnsizedChunks;
  files: Files;
  /** Null when nobody is held back. */
  downloadBudgets: DownloadBudgets | null;
  links: Links;
  archives: Archives;
  /** Links and archives, by the tokens of their addresses. */
  shares: Shares;
  contentHashes: ContentHashes;
  documents: Documents;
  comments: Comments;
  markdown: Markdown;
  hub: Hub;
  idempotency: Idempotency;
  health: Health;
  maintenance: Maintenance;
}

export interface ServiceOptions {
  stores: Stores;
  /** From which every key is derived; at least 32 characters. */
  secret: string;
  /** The previous and the next one, where there are such: what is made by them is taken. */
  otherSecrets: string[];
  /** Sign access tokens; null leaves that to keys derived from the secrets. */
  signingKeys: KeyRing<SigningKey> | null;
  /** Names this installation in its tokens. */
  issuer: string;
  accessSeconds: number;
  refreshMs: number;
  /** Of libuv's pool. */
  threads: number;
  limits: RateLimitSettings;
  /** Where calls are counted; in this process when nothing is given. */
  makeLimiter?: LimiterFactory;
  wechat: WechatSettings;
  uploads: UploadLimits & {
    maxFormFileBytes: number;
    /** Bytes for each user; 0 is no limit. */
    quotaBytes: number;
    waitMs: number;
    blobGraceMs: number;
    /** Bytes that stay free on the medium. */
    freeSpaceBytes: number;
  };
  downloads: {
    /** For each downloader; 0 is no limit. */
    bytesPerSecond: number;
    /** How long an archive can be fetched. */
    archiveMs: number;
    /** What paces them; timers of Node when nothing is given. */
    alarms?: Alarms;
  };
  documents: DocumentLimits & {
    /** Bytes of a comment's Markdown. */
    maxCommentBytes: number;
    /** How long deleted documents can be restored. */
    trashMs: number;
    /** How clients reach this server; null when only the request tells. */
    publicUrl: string | null;
  };
  /** Of realtime connections. */
  realtime: PlaceLimits & {
    /** What makes them end and repeat things; timers of Node when nothing is given. */
    timers?: Timers;
  };
  now?: Clock;
  log: Log;
}

/** Puts the services together over stores that are open. Nothing runs yet: that is `maintenance.start`. */
export function createServices(options: ServiceOptions): Services {
  const { stores, uploads: limits, log, issuer, now = () => new Date() } = options;
  const { sql, blobs, keyvalue, eventlog, content } = stores;
  const keys = deriveKeys(options.secret);
  const otherKeys = options.otherSecrets.map(deriveKeys);
  const signingKeys =
    options.signingKeys ?? createKeyRing(secretSigningKey(keys), otherKeys.map(secretSigningKey));
  const chainKeys = createKeyRing(
    keys.refreshToken,
    otherKeys.map(({ refreshToken }) => refreshToken),
  );
  const events = createEventPublisher({ eventlog, log });
  const concurrency = hashesAtOnce(availableParallelism(), options.threads);
  const sealFor = (use: 'ticket' | 'wechat') =>
    createSeal(
      keys[use],
      otherKeys.map((other) => other[use]),
    );
  const passwords = createPasswords({ concurrency, waiting: 64 });
  const accessTokens = createAccessTokens({ keys: signingKeys, issuer, seconds: options.accessSeconds, now });
  const tokens = new Tokens({ sql, events, accessTokens, chainKeys, refreshMs: options.refreshMs, now });
  const accounts = createAccounts({ sql, passwords, tokens, now });
  const quotas = createQuotas(limits.quotaBytes);
  const freeSpace = createFreeSpace({ sql, blobs, reserve: limits.freeSpaceBytes });
  const progress = new ProgressEvents({ events, now });
  const ledger = new Ledger({ sql, blobs, keyvalue, events, progress, waitMs: limits.waitMs, now });
  const proofs = new OwnershipProofs({ sql, blobs, keyvalue, now });
  const uploads = new Uploads({ sql, blobs, ledger, events, quotas, freeSpace, proofs, limits, now });
  const { maxFormFileBytes, maxFileBytes } = limits;
  const appends = new Appends({ sql, blobs, keyvalue, ledger });
  const sequentialUploads = new SequentialUploads({
    sql,
    ledger,
    appends,
    uploads,
    quotas,
    freeSpace,
    maxFileBytes,
    now,
  });
  const clientUploads = new ClientUploads({ sql, blobs, keyvalue, uploads });
  const attachments = new Attachments({ sql, content, now });
  const { upkeep, ...writing } = createWriting(options, attachments, events, now);
  const files = new Files({ sql, blobs, attachments, events, quotas, freeSpace, maxFormFileBytes, now });
  return {
    rateLimits: createRateLimits(options.limits, options.makeLimiter ?? limitersInMemory),
    accessTokens,
    administration: createAdministration({ sql, passwords, events, now }),
    accounts,
    tokens,
    tickets: createTickets({ sql, keyvalue, seal: sealFor('ticket'), now }),
    browserSignIns: new BrowserSignIns({ sql, tokens, now }),
    sessionStore: createSessionStore(keyvalue),
    qr: new QrSignIns({ keyvalue, sql, now }),
    wechat: new Wechat({
      settings: options.wechat,
      accounts,
      tokens,
      keyvalue,
      seal: sealFor('wechat'),
      now,
    }),
    cookieKeys: [keys, ...otherKeys].map(({ cookie }) => cookie),
    uploads,
    sequentialUploads,
    joinedUploads: new JoinedUploads({ sql, ledger, limits, now }),
    resumableUploads: new ResumableUploads({ sql, ledger, uploads, clientUploads, waitMs: limits.waitMs, now }),
    mergedUploads: new MergedUploads({ sql, ledger, uploads, clientUploads, files, instant: limits.instant }),
    unsizedChunks: new UnsizedChunks({ blobs, ledger, clientUploads, quotas, freeSpace, ...limits }),
    files,
    ...createDownloads(options, files, now),
    ...writing,
    hub: new Hub({
      eventlog,
      keyvalue,
      sql,
      owners: createTopicOwners({ sql, documents: writing.documents }),
      tokens,
      limits: options.realtime,
      ...(options.realtime.timers && { timers: options.realtime.timers }),
      now,
      log,
    }),
    idempotency: createIdempotency({ sql, now }),
    health: createHealth({ sql, content, blobs, keyvalue, eventlog }),
    maintenance: new Maintenance({
      sql,
      blobs,
      ledger,
      uploads,
      sequentialUploads,
      content: upkeep,
      graceMs: limits.blobGraceMs,
      now,
      log,
    }),
  };
}

/** Documents and comments, and what they need. */
function createWriting(
  { stores: { sql, content }, documents: limits }: ServiceOptions,
  attachments: Attachments,
  publisher: EventPublisher,
  now: Clock,
): Pick<Services, 'documents' | 'comments' | 'markdown'> & { upkeep: ContentUpkeep } {
  const events = new ContentEvents(publisher);
  const markdown = new Markdown(limits);
  const documents = new Documents({ sql, content, attachments, markdown, events, limits, now });
  const maxBytes = limits.maxCommentBytes;
  return {
    documents,
    comments: new Comments({ sql, content, documents, markdown, events, maxBytes, now }),
    markdown,
    upkeep: new ContentUpkeep({ content, documents, trashMs: limits.trashMs, now }),
  };
}

/** What goes out in other ways than file by file to their owners. */
function createDownloads(
  { stores: { sql, blobs }, uploads, downloads }: ServiceOptions,
  files: Files,
  now: Clock,
): Pick<Services, 'downloadBudgets' | 'links' | 'archives' | 'shares' | 'contentHashes'> {
  const { bytesPerSecond, archiveMs: lifetimeMs } = downloads;
  const hashes = new ContentHashes({ sql, blobs });
  const links = new Links({ sql, files, now });
  const graceMs = uploads.blobGraceMs;
  const archives = new Archives({ sql, blobs, files, hashes, lifetimeMs, graceMs, now });
  return {
    downloadBudgets: bytesPerSecond === 0 ? null : new DownloadBudgets(downloads),
    links,
    archives,
    shares: createShares([links, archives]),
    contentHashes: hashes,
  };
}
