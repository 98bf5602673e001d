import { createHash } from 'node:crypto';
import { Gone, NotFound } from '../errors';
import type { Disposition, LinkRecord, Page, SqlStore } from '../models/sql';
import type { Files } from './files';
import { newId } from './ids';
import { networkOf } from './network-of';
import type { Clock } from './runtime';
import { hashOfToken, newShareToken, type OpenShare, type ShareClient, type ShareKind } from './shares';

/** How long after its beginning further ranges of a client belong to a download that was counted. */
const DOWNLOAD_MS = 6 * 60 * 60 * 1000;

export interface LinkAttributes {
  /** Seconds. */
  expiresIn: number;
  maxDownloads?: number | undefined;
  disposition?: Disposition | undefined;
}

interface LinksOptions {
  sql: SqlStore;
  files: Files;
  now: Clock;
}

/** Addresses that let anybody read a file for a while, or a number of times. Their tokens are kept as hashes alone. */
export class Links implements ShareKind {
  constructor(private readonly options: LinksOptions) {}

  /** @throws `NotFound` unless the user owns the file */
  async create(
    ownerId: string,
    fileId: string,
    { expiresIn, maxDownloads, disposition }: LinkAttributes,
  ): Promise<{ link: LinkRecord; token: string }> {
    const { sql, files, now } = this.options;
    await files.getOwn(ownerId, fileId);
    const { token, tokenHash } = newShareToken();
    const createdAt = now();
    const link: LinkRecord = {
      id: newId(),
      tokenHash,
      fileId,
      ownerId,
      disposition: disposition ?? null,
      maxDownloads: maxDownloads ?? null,
      downloads: 0,
      createdAt,
      expiresAt: new Date(createdAt.getTime() + expiresIn * 1000),
      revokedAt: null,
    };
    await sql.links.insert(link);
    return { link, token };
  }

  /** @throws `NotFound` unless the user owns the file */
  async list(ownerId: string, fileId: string, page: Page): Promise<LinkRecord[]> {
    const { sql, files } = this.options;
    await files.getOwn(ownerId, fileId);
    return sql.links.listOf(fileId, page);
  }

  /** @throws `NotFound` unless the user owns the file and it has such a link */
  async revoke(ownerId: string, fileId: string, id: string): Promise<void> {
    const { sql, files, now } = this.options;
    await files.getOwn(ownerId, fileId);
    if (!(await sql.links.revoke(fileId, id, now()))) throw new NotFound();
  }

  /**
   * Opens what a link leads to. Nothing is counted yet: that is `begin`.
   * @returns null for an unknown token
   * @throws `Gone` for a link that is expired, revoked or used up, unless this client is in the middle of a download
   *   that was counted, and when the file is deleted
   */
  async open(token: string, client: ShareClient): Promise<OpenShare | null> {
    const { sql, files, now } = this.options;
    const link = await sql.links.findByToken(hashOfToken(token));
    if (!link) return null;
    const { id, ownerId, fileId, downloads, maxDownloads } = link;
    if (link.revokedAt || link.expiresAt <= now()) throw gone();
    const usedUp = maxDownloads !== null && downloads >= maxDownloads;
    if (usedUp && !(await sql.links.hasOpenDownload(id, clientKey(link, client), now()))) throw gone();
    try {
      const content = await files.open(ownerId, fileId);
      return { content, disposition: link.disposition, begin: (range) => this.begin(link, client, range) };
    } catch (error) {
      throw error instanceof NotFound ? gone() : error;
    }
  }

  /**
   * Counts the answer that is about to begin, unless it is a part of a download that was counted before. A request
   * for the whole is always a download of its own. One for ranges is so only when its client has none open, wherever
   * it starts: players ask for the first bytes several times, and other programs resume in the middle.
   * @throws `Gone` when no download is left, or the link ended meanwhile
   */
  private async begin(link: LinkRecord, client: ShareClient, { whole }: { whole: boolean }): Promise<void> {
    const { sql, now } = this.options;
    const key = clientKey(link, client);
    if (!whole && (await sql.links.hasOpenDownload(link.id, key, now()))) return;
    await sql.transaction(async ({ links }) => {
      // Of ranges that come at once the first one is counted, and the others then find its download open.
      await links.hold(link.id);
      if (!whole && (await links.hasOpenDownload(link.id, key, now()))) return;
      if (!(await links.count(link.id, now()))) throw gone();
      await links.openDownload(link.id, key, new Date(now().getTime() + DOWNLOAD_MS));
    });
  }
}

function gone(): Gone {
  return new Gone('The link has expired, was used up, or was taken back.');
}

/** One client of one link, so that the rows of different links do not tell who used several. */
function clientKey(link: LinkRecord, { address, userAgent }: ShareClient): string {
  const parts = JSON.stringify([link.tokenHash, networkOf(address), userAgent]);
  return createHash('sha256').update(parts).digest('hex');
}
