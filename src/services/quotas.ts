import { QuotaExceeded } from '../errors';
import type { Tables } from '../models/sql';

/** What each user may store, open uploads counted with their declared size. */
export interface Quotas {
  /**
   * Call it in the transaction that stores the bytes; it holds the user's row, so that others wait.
   * @throws `QuotaExceeded` unless the user may store `size` bytes more
   */
  require(tables: Pick<Tables, 'users' | 'files' | 'uploads'>, ownerId: string, size: number): Promise<void>;
}

/** @param limit bytes for each user; 0 is no limit */
export function createQuotas(limit: number): Quotas {
  return {
    async require(tables, ownerId, size) {
      // Two requests at once must not both find room for what only one of them fits into.
      await tables.users.hold(ownerId);
      if (limit === 0) return;
      const used = (await tables.files.bytesOf(ownerId)) + (await tables.uploads.sumOpen(ownerId)).bytes;
      if (used + size > limit) {
        throw new QuotaExceeded(`${Math.max(0, limit - used)} of ${limit} bytes are left.`);
      }
    },
  };
}
