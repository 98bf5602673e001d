import type { BlobStore } from '../models/blobs';
import type { SqlStore } from '../models/sql';
import type { ContentUpkeep } from './content-upkeep';
import type { Ledger } from './ledger';
import type { Clock, Log } from './runtime';
import type { SequentialUploads } from './sequential-uploads';
import type { Uploads } from './uploads';

const EVERY_MS = 5 * 60 * 1000;
const BATCH = 100;
const DAY_MS = 24 * 60 * 60 * 1000;
const KEEP_DEAD_SIGN_INS_MS = 7 * DAY_MS;
/** So long is a link that ended answered with 410, and then with 404. */
const KEEP_DEAD_LINKS_MS = 30 * DAY_MS;
/** The same of an archive, which has more to it. */
const KEEP_DEAD_ARCHIVES_MS = 7 * DAY_MS;

interface MaintenanceOptions {
  sql: SqlStore;
  blobs: BlobStore;
  ledger: Ledger;
  uploads: Uploads;
  sequentialUploads: SequentialUploads;
  content: ContentUpkeep;
  /** How long content that nothing refers to stays. */
  graceMs: number;
  now: Clock;
  log: Log;
}

/** What a round of cleaning up did. */
export interface CleanUp {
  expiredUploads: number;
  deletedBlobs: number;
  deletedParts: number;
  purgedDocuments: number;
  repairedCounts: number;
}

/** Finishes what a crash cut off and removes what nothing needs any more. */
export class Maintenance {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: MaintenanceOptions) {}

  /** Finishes cut-off completions, then cleans up now and every five minutes. */
  async start(): Promise<void> {
    await this.finishCutOffUploads();
    this.runInBackground();
    this.timer = setInterval(() => this.runInBackground(), EVERY_MS).unref();
  }

  /** Waits for a round that is under way. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  /** One round. Every step can be cut off at any point and is safe beside other processes. */
  async run(): Promise<CleanUp> {
    const { sql, content, now } = this.options;
    // First, because the content of such an upload has no reference yet.
    await this.finishCutOffUploads();
    await this.completeFilledUploads();
    await this.adoptUnknownBlobs();
    const done: CleanUp = {
      expiredUploads: await this.expireUploads(),
      deletedBlobs: await this.deleteUnreferencedBlobs(),
      deletedParts: await this.deleteUnknownParts(),
      ...(await content.run()),
    };
    await sql.idempotency.deleteExpired(now());
    await sql.signIns.deleteDead(new Date(now().getTime() - KEEP_DEAD_SIGN_INS_MS));
    await sql.links.deleteDead(new Date(now().getTime() - KEEP_DEAD_LINKS_MS));
    await sql.links.deleteEndedDownloads(now());
    await sql.archives.deleteExpired(new Date(now().getTime() - KEEP_DEAD_ARCHIVES_MS));
    return done;
  }

  private runInBackground(): void {
    const { log } = this.options;
    this.running = this.running
      .then(() => this.run())
      .then(
        (done) => {
          if (Object.values(done).some((count) => count > 0)) log.info({ ...done }, 'cleaned up');
        },
        (error: unknown) => log.error({ err: error }, 'cleaning up failed; it is tried again later'),
      );
  }

  private async finishCutOffUploads(): Promise<void> {
    const { uploads, log } = this.options;
    const finished = await uploads.recover((error, uploadId) =>
      log.error({ err: error, uploadId }, 'an upload whose completion was cut off could not be finished'),
    );
    if (finished > 0) log.info({ uploads: finished }, 'finished uploads whose completion was cut off');
  }

  /** These may have to be read to their end: too long to be waited for at the start. */
  private async completeFilledUploads(): Promise<void> {
    const { sequentialUploads, log } = this.options;
    const completed = await sequentialUploads.recover((error, uploadId) =>
      log.error({ err: error, uploadId }, 'an upload that has all its bytes could not be completed'),
    );
    if (completed > 0)
      log.info({ uploads: completed }, 'completed uploads whose clients did not wait for it');
  }

  private async expireUploads(): Promise<number> {
    const { sql, ledger, now } = this.options;
    let count = 0;
    for (;;) {
      const late = await sql.uploads.listExpired(now(), BATCH);
      for (const upload of late) if (await ledger.end(upload.id, 'expired')) count += 1;
      if (late.length < BATCH) return count;
    }
  }

  private async deleteUnreferencedBlobs(): Promise<number> {
    const { sql, blobs } = this.options;
    let count = 0;
    for (;;) {
      const before = this.graceEnd();
      const unused = await sql.blobs.listUnreferenced(before, BATCH);
      for (const { sha256 } of unused) {
        // Inside the transaction, so that whoever announces the same content meanwhile waits and then stores it anew.
        await sql.transaction(async (tables) => {
          if (!(await tables.blobs.deleteUnreferenced(sha256, before))) return;
          await blobs.deleteBlob(sha256);
          count += 1;
        });
      }
      if (unused.length < BATCH) return count;
    }
  }

  /**
   * Gives blobs without a row one, as unreferenced, so that they go after the grace period. No crash of ours leaves
   * such; a restored backup might.
   */
  private async adoptUnknownBlobs(): Promise<void> {
    const { sql, blobs, now } = this.options;
    for await (const { id } of blobs.listBlobs()) {
      if (await sql.blobs.find(id)) continue;
      const reader = await blobs.openBlob(id);
      await reader.close();
      await sql.blobs.announce(id, reader.size, now());
    }
  }

  /** Parts of no open upload: what a crash left of a request, or of an upload that ended. */
  private async deleteUnknownParts(): Promise<number> {
    const { sql, blobs } = this.options;
    let count = 0;
    for await (const { id, modifiedAt } of blobs.listParts()) {
      if (modifiedAt >= this.graceEnd()) continue;
      if ((await sql.uploads.find(id))?.state === 'open') continue;
      await blobs.discardPart(id);
      count += 1;
    }
    return count;
  }

  private graceEnd(): Date {
    return new Date(this.options.now().getTime() - this.options.graceMs);
  }
}
