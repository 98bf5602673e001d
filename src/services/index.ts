import { availableParallelism } from 'node:os';
import type { Stores } from '../models/stores';
import { createAccessTokens, type AccessTokens } from './access-tokens';
import { createAdministration, type Administration } from './administration';
import { createAccounts, type Accounts } from './accounts';
import { BrowserSignIns } from './browser-sign-ins';
import { createEventPublisher } from './events';
import { Files } from './files';
import { createFreeSpace } from './free-space';
import { createHealth, type Health } from './health';
import { createIdempotency, type Idempotency } from './idempotency';
import { createKeyRing, type KeyRing } from './key-ring';
import { Ledger } from './ledger';
import { Links } from './links';
import { Maintenance } from './maintenance';
import { createPasswords, hashesAtOnce } from './passwords';
import { QrSignIns } from './qr';
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
import { secretSigningKey, type SigningKey } from './signing-keys';
import { createSeal } from './sealing';
import { Tokens } from './tokens';
import { Uploads, type UploadLimits } from './uploads';
import { Wechat, type WechatSettings } from './wechat';

export interface Services {
  rateLimits: RateLimits;
  accessTokens: AccessTokens;
  administration: Administration;
  accounts: Accounts;
  tokens: Tokens;
  browserSignIns: BrowserSignIns;
  sessionStore: SessionStore;
  qr: QrSignIns;
  wechat: Wechat;
  /** Sign cookies: the first one new ones, any of them those that come back. */
  cookieKeys: string[];
  uploads: Uploads;
  files: Files;
  links: Links;
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
  now?: Clock;
  log: Log;
}

/** Puts the services together over stores that are open. Nothing runs yet: that is `maintenance.start`. */
export function createServices(options: ServiceOptions): Services {
  const { stores, uploads: limits, log, issuer, now = () => new Date() } = options;
  const { sql, blobs, keyvalue, eventlog } = stores;
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
  const passwords = createPasswords({ concurrency, waiting: 64 });
  const accessTokens = createAccessTokens({ keys: signingKeys, issuer, seconds: options.accessSeconds, now });
  const tokens = new Tokens({ sql, events, accessTokens, chainKeys, refreshMs: options.refreshMs, now });
  const accounts = createAccounts({ sql, passwords, tokens, now });
  const quotas = createQuotas(limits.quotaBytes);
  const freeSpace = createFreeSpace({ sql, blobs, reserve: limits.freeSpaceBytes });
  const ledger = new Ledger({ sql, blobs, keyvalue, waitMs: limits.waitMs, now });
  const uploads = new Uploads({ sql, blobs, ledger, events, quotas, freeSpace, limits, now });
  const { maxFormFileBytes } = limits;
  const files = new Files({ sql, blobs, events, quotas, freeSpace, maxFormFileBytes, now });
  return {
    rateLimits: createRateLimits(options.limits, options.makeLimiter ?? limitersInMemory),
    accessTokens,
    administration: createAdministration({ sql, passwords, events, now }),
    accounts,
    tokens,
    browserSignIns: new BrowserSignIns({ sql, tokens, now }),
    sessionStore: createSessionStore(keyvalue),
    qr: new QrSignIns({ keyvalue, sql, now }),
    wechat: new Wechat({
      settings: options.wechat,
      accounts,
      tokens,
      keyvalue,
      seal: createSeal(
        keys.wechat,
        otherKeys.map(({ wechat }) => wechat),
      ),
      now,
    }),
    cookieKeys: [keys, ...otherKeys].map(({ cookie }) => cookie),
    uploads,
    files,
    links: new Links({ sql, files, now }),
    idempotency: createIdempotency({ sql, now }),
    health: createHealth({ sql, blobs, keyvalue, eventlog }),
    maintenance: new Maintenance({ sql, blobs, ledger, uploads, graceMs: limits.blobGraceMs, now, log }),
  };
}
