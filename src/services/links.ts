import { createHash, randomBytes } from 'node:crypto';
import { Gone, NotFound } from '../errors';
import type { Disposition, LinkRecord, Page, SqlStore } from '../models/sql';
import type { Files, OpenFile } from './files';
import { newId } from './ids';
import { networkOf } from './network-of';
import type { Clock } from './runtime';

/** How long after its beginning further ranges of a client belong to a download that was counted. */
const DOWNLOAD_MS = 6 * 60 * 60 * 1000;

export interface LinkAttributes {
  /** Seconds. */
  expiresIn: number;
  maxDownloads?: number | undefined;
  disposition?: Disposition | undefined;
}

/** Who uses a link, as far as can be told of somebody without credentials. */
export interface LinkClient {
  address: string;
  userAgent: string;
}

/** A link that is good, with its file open for reading; whoever gets it closes the reader. */
export interface OpenLink extends OpenFile {
  link: LinkRecord;
}

interface LinksOptions {
  sql: SqlStore;
  files: Files;
  now: Clock;
}

/** Addresses that let anybody read a file for a while, or a number of times. Their tokens are kept as hashes alone. */
export class Links {
  constructor(private readonly options: LinksOptions) {}

  /** @throws `NotFound` unless the user owns the file */
  async create(
    ownerId: string,
    fileId: string,
    { expiresIn, maxDownloads, disposition }: LinkAttributes,
  ): Promise<{ link: LinkRecord; token: string }> {
    const { sql, files, now } = this.options;
    await files.getOwn(ownerId, fileId);
    const token = randomBytes(32).toString('base64url');
    const createdAt = now();
    const link: LinkRecord = {
      id: newId(),
      tokenHash: hashOf(token),
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
   * @throws `NotFound` for an unknown token; `Gone` for a link that is expired, revoked or used up, unless this client
   *   is in the middle of a download that was counted, and when the file is deleted
   */
  async open(token: string, client: LinkClient): Promise<OpenLink> {
    const { sql, files, now } = this.options;
    const link = await sql.links.findByToken(hashOf(token));
    if (!link) throw new NotFound();
    const { id, ownerId, fileId, downloads, maxDownloads } = link;
    if (link.revokedAt || link.expiresAt <= now()) throw gone();
    const usedUp = maxDownloads !== null && downloads >= maxDownloads;
    if (usedUp && !(await sql.links.hasOpenDownload(id, clientKey(link, client), now()))) throw gone();
    try {
      return { link, ...(await files.open(ownerId, fileId)) };
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
  async begin(link: LinkRecord, client: LinkClient, { whole }: { whole: boolean }): Promise<void> {
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

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** One client of one link, so that the rows of different links do not tell who used several. */
function clientKey(link: LinkRecord, { address, userAgent }: LinkClient): string {
  return hashOf(JSON.stringify([link.tokenHash, networkOf(address), userAgent]));
}
