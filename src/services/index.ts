import type { Stores } from '../models/stores';
import { createDownloadServices, type DownloadOptions, type DownloadServices } from './assembly/downloads';
import { createIdentityServices, type IdentityOptions, type IdentityServices } from './assembly/identity';
import { createUploadServices, type UploadOptions, type UploadServices } from './assembly/uploads';
import { createWritingServices, type WritingOptions, type WritingServices } from './assembly/writing';
import { Attachments } from './attachments';
import { createEventPublisher } from './events';
import { createHealth, type Health } from './health';
import { Hub } from './hub';
import type { PlaceLimits } from './hub/places';
import type { Timers } from './hub/timers';
import { createIdempotency, type Idempotency } from './idempotency';
import { Maintenance } from './maintenance';
import type { Clock, Log } from './runtime';
import { createTopicOwners } from './topic-owners';

export interface Services extends IdentityServices, UploadServices, DownloadServices, WritingServices {
  hub: Hub;
  idempotency: Idempotency;
  health: Health;
  maintenance: Maintenance;
}

export interface ServiceOptions extends IdentityOptions, UploadOptions, DownloadOptions, WritingOptions {
  uploads: UploadOptions['uploads'];
  stores: Stores;
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
  const { stores, realtime, log, now = () => new Date() } = options;
  const { sql, blobs, keyvalue, eventlog, content } = stores;
  const events = createEventPublisher({ eventlog, log });
  const attachments = new Attachments({ sql, content, now });
  const identity = createIdentityServices(options, { stores, events, now });
  const { ledger, ...uploads } = createUploadServices(options, { stores, events, attachments, now });
  const { upkeep, ...writing } = createWritingServices(options, { stores, events, attachments, now });
  return {
    ...identity,
    ...uploads,
    ...createDownloadServices(options, { stores, files: uploads.files, now }),
    ...writing,
    hub: new Hub({
      eventlog,
      keyvalue,
      sql,
      owners: createTopicOwners({ sql, documents: writing.documents }),
      tokens: identity.tokens,
      limits: realtime,
      ...(realtime.timers && { timers: realtime.timers }),
      now,
      log,
    }),
    idempotency: createIdempotency({ sql, now }),
    health: createHealth({ sql, content, blobs, keyvalue, eventlog }),
    maintenance: new Maintenance({
      sql,
      blobs,
      ledger,
      uploads: uploads.uploads,
      sequentialUploads: uploads.sequentialUploads,
      content: upkeep,
      graceMs: options.uploads.blobGraceMs,
      now,
      log,
    }),
  };
}
