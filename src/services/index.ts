import { availableParallelism } from 'node:os';
import type { Stores } from '../models/stores';
import { createAccessTokens } from './access-tokens';
import { createAccounts, type Accounts } from './accounts';
import { createEventPublisher } from './events';
import { Files } from './files';
import { createHealth, type Health } from './health';
import { createIdempotency, type Idempotency } from './idempotency';
import { Ledger } from './ledger';
import { Maintenance } from './maintenance';
import { createPasswords } from './passwords';
import { createQuotas } from './quotas';
import type { Clock, Log } from './runtime';
import { deriveKeys } from './secrets';
import { Tokens } from './tokens';
import { Uploads, type UploadLimits } from './uploads';

export interface Services {
  accounts: Accounts;
  tokens: Tokens;
  uploads: Uploads;
  files: Files;
  idempotency: Idempotency;
  health: Health;
  maintenance: Maintenance;
}

export interface ServiceOptions {
  stores: Stores;
  /** From which every key is derived; at least 32 characters. */
  secret: string;
  /** Names this installation in its tokens. */
  issuer: string;
  accessSeconds: number;
  refreshMs: number;
  uploads: UploadLimits & {
    maxFormFileBytes: number;
    /** Bytes for each user; 0 is no limit. */
    quotaBytes: number;
    waitMs: number;
    blobGraceMs: number;
  };
  now?: Clock;
  log: Log;
}

/** Puts the services together over stores that are open. Nothing runs yet: that is `maintenance.start`. */
export function createServices(options: ServiceOptions): Services {
  const { stores, uploads: limits, log, issuer, now = () => new Date() } = options;
  const { sql, blobs, keyvalue, eventlog } = stores;
  const keys = deriveKeys(options.secret);
  const events = createEventPublisher({ eventlog, log });
  const passwords = createPasswords({ concurrency: availableParallelism(), waiting: 64 });
  const accessTokens = createAccessTokens({ keys, issuer, seconds: options.accessSeconds, now });
  const quotas = createQuotas(limits.quotaBytes);
  const ledger = new Ledger({ sql, blobs, keyvalue, waitMs: limits.waitMs, now });
  const uploads = new Uploads({ sql, blobs, ledger, events, quotas, limits, now });
  return {
    accounts: createAccounts({ sql, passwords, now }),
    tokens: new Tokens({ sql, events, accessTokens, keys, refreshMs: options.refreshMs, now }),
    uploads,
    files: new Files({ sql, blobs, events, quotas, maxFormFileBytes: limits.maxFormFileBytes, now }),
    idempotency: createIdempotency({ sql, now }),
    health: createHealth({ sql, blobs, keyvalue, eventlog }),
    maintenance: new Maintenance({ sql, blobs, ledger, uploads, graceMs: limits.blobGraceMs, now, log }),
  };
}
