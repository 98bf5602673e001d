import type { Stores } from '../../models/stores';
import { Appends } from '../appends';
import type { Attachments } from '../attachments';
import { ClientUploads } from '../client-uploads';
import type { EventPublisher } from '../events';
import { Files } from '../files';
import { createFreeSpace, type FreeSpace } from '../free-space';
import { JoinedUploads } from '../joined-uploads';
import { Ledger } from '../ledger';
import { MergedUploads } from '../merged-uploads';
import { OwnershipProofs } from '../ownership-proofs';
import { ProgressEvents } from '../progress-events';
import { createQuotas, type Quotas } from '../quotas';
import { ResumableUploads } from '../resumable-uploads';
import type { Clock } from '../runtime';
import { SequentialUploads } from '../sequential-uploads';
import { UnsizedChunks } from '../unsized-chunks';
import { Uploads, type UploadLimits } from '../uploads';

/** How content comes in, and the files that it becomes. */
export interface UploadServices {
  uploads: Uploads;
  sequentialUploads: SequentialUploads;
  joinedUploads: JoinedUploads;
  resumableUploads: ResumableUploads;
  mergedUploads: MergedUploads;
  unsizedChunks: UnsizedChunks;
  files: Files;
}

export interface UploadOptions {
  uploads: UploadLimits & {
    maxFormFileBytes: number;
    /** Bytes for each user; 0 is no limit. */
    quotaBytes: number;
    waitMs: number;
    blobGraceMs: number;
    /** Bytes that stay free on the medium. */
    freeSpaceBytes: number;
  };
}

interface Foundation {
  stores: Stores;
  events: EventPublisher;
  attachments: Attachments;
  now: Clock;
}

/** @returns the ledger, too, which maintenance works on */
export function createUploadServices(
  { uploads: limits }: UploadOptions,
  { stores: { sql, blobs, keyvalue }, events, attachments, now }: Foundation,
): UploadServices & { ledger: Ledger } {
  const { maxFormFileBytes, maxFileBytes, waitMs } = limits;
  const quotas = createQuotas(limits.quotaBytes);
  const freeSpace = createFreeSpace({ sql, blobs, reserve: limits.freeSpaceBytes });
  const progress = new ProgressEvents({ events, now });
  const ledger = new Ledger({ sql, blobs, keyvalue, events, progress, waitMs, now });
  const proofs = new OwnershipProofs({ sql, blobs, keyvalue, now });
  const uploads = new Uploads({ sql, blobs, ledger, events, quotas, freeSpace, proofs, limits, now });
  const appends = new Appends({ sql, blobs, keyvalue, ledger });
  const bounds = { quotas, freeSpace, maxFileBytes };
  const files = new Files({ sql, blobs, attachments, events, quotas, freeSpace, maxFormFileBytes, now });
  const clientUploads = new ClientUploads({ sql, blobs, keyvalue, uploads });
  return {
    ledger,
    uploads,
    sequentialUploads: new SequentialUploads({ sql, ledger, appends, uploads, ...bounds, now }),
    joinedUploads: new JoinedUploads({ sql, ledger, limits, now }),
    files,
    ...createClientUploads(limits, {
      sql,
      blobs,
      ledger,
      uploads,
      clientUploads,
      files,
      quotas,
      freeSpace,
      now,
    }),
  };
}

/** Uploads of other people's clients that send forms and know no ids. */
function createClientUploads(
  { waitMs, instant, maxFileBytes, maxChunkBytes }: UploadOptions['uploads'],
  parts: Pick<Stores, 'sql' | 'blobs'> & {
    ledger: Ledger;
    uploads: Uploads;
    clientUploads: ClientUploads;
    files: Files;
    quotas: Quotas;
    freeSpace: FreeSpace;
    now: Clock;
  },
): Pick<UploadServices, 'resumableUploads' | 'mergedUploads' | 'unsizedChunks'> {
  return {
    resumableUploads: new ResumableUploads({ ...parts, waitMs }),
    mergedUploads: new MergedUploads({ ...parts, instant }),
    unsizedChunks: new UnsizedChunks({ ...parts, maxFileBytes, maxChunkBytes }),
  };
}
