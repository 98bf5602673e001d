import { OutOfSpace } from '../errors';
import type { BlobStore } from '../models/blobs';
import type { SqlStore } from '../models/sql';

/** The space that is neither taken nor spoken for. */
export interface FreeSpace {
  /** @throws `OutOfSpace` unless there is room for `size` bytes more */
  require(size: number): Promise<void>;
}

interface FreeSpaceOptions {
  sql: Pick<SqlStore, 'uploads' | 'extents'>;
  blobs: Pick<BlobStore, 'freeBytes'>;
  /** Bytes that stay free whatever comes. */
  reserve: number;
}

/** What open uploads have still to bring is spoken for. */
export function createFreeSpace({ sql, blobs, reserve }: FreeSpaceOptions): FreeSpace {
  return {
    async require(size) {
      const [free, open, received] = await Promise.all([
        blobs.freeBytes(),
        sql.uploads.sumOpen(),
        sql.extents.sumReceived(),
      ]);
      const left = free - (open.bytes - received) - reserve;
      if (size > left) throw new OutOfSpace('The server has not enough free space for this.');
    },
  };
}
