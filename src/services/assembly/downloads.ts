import type { Stores } from '../../models/stores';
import { Archives } from '../archives';
import { ContentHashes } from '../content-hashes';
import { DownloadBudgets, type Alarms } from '../download-budgets';
import type { Files } from '../files';
import { Links } from '../links';
import type { Clock } from '../runtime';
import { createShares, type Shares } from '../shares';

/** How content goes out in other ways than file by file to its owner. */
export interface DownloadServices {
  /** Null when nobody is held back. */
  downloadBudgets: DownloadBudgets | null;
  links: Links;
  archives: Archives;
  /** Links and archives, by the tokens of their addresses. */
  shares: Shares;
  contentHashes: ContentHashes;
}

export interface DownloadOptions {
  downloads: {
    /** For each downloader; 0 is no limit. */
    bytesPerSecond: number;
    /** How long an archive can be fetched. */
    archiveMs: number;
    /** What paces them; timers of Node when nothing is given. */
    alarms?: Alarms;
  };
  uploads: { blobGraceMs: number };
}

interface Foundation {
  stores: Stores;
  files: Files;
  now: Clock;
}

export function createDownloadServices(
  { downloads, uploads: { blobGraceMs: graceMs } }: DownloadOptions,
  { stores: { sql, blobs }, files, now }: Foundation,
): DownloadServices {
  const { bytesPerSecond, archiveMs: lifetimeMs } = downloads;
  const hashes = new ContentHashes({ sql, blobs });
  const links = new Links({ sql, files, now });
  const archives = new Archives({ sql, blobs, files, hashes, lifetimeMs, graceMs, now });
  return {
    downloadBudgets: bytesPerSecond === 0 ? null : new DownloadBudgets(downloads),
    links,
    archives,
    shares: createShares([links, archives]),
    contentHashes: hashes,
  };
}
