import { createHash, randomBytes } from 'node:crypto';
import { NotFound } from '../errors';
import type { Disposition } from '../models/sql';
import type { OpenContent } from './open-content';

/** Who uses an address without credentials, as far as can be told. */
export interface ShareClient {
  address: string;
  userAgent: string;
}

/** What such an address leads to, open for reading. Nothing is counted yet. */
export interface OpenShare {
  content: OpenContent;
  /** How a browser should treat it; null leaves that to its type. */
  disposition: Disposition | null;
  /** Called when an answer with content is about to begin; it may still refuse by throwing `Gone`. */
  begin: (range: { whole: boolean }) => Promise<void>;
}

/** One kind of what can be shared. */
export interface ShareKind {
  /** @returns null for a token of another kind @throws `Gone` for one that is good no longer */
  open(token: string, client: ShareClient): Promise<OpenShare | null>;
}

export interface Shares {
  /** @throws `NotFound` for an unknown token, `Gone` for one that is good no longer */
  open(token: string, client: ShareClient): Promise<OpenShare>;
}

/** Everything that can be read at an address without credentials, whatever its kind. */
export function createShares(kinds: ShareKind[]): Shares {
  return {
    async open(token, client) {
      for (const kind of kinds) {
        const opened = await kind.open(token, client);
        if (opened) return opened;
      }
      throw new NotFound();
    },
  };
}

/** A token for such an address, and what is kept of it. */
export function newShareToken(): { token: string; tokenHash: string } {
  const token = randomBytes(32).toString('base64url');
  return { token, tokenHash: hashOfToken(token) };
}

export function hashOfToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
