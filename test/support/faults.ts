import type { BlobStore } from '../../src/models/blobs';
import type { SqlStore, Tables } from '../../src/models/sql';
import type { Stores } from '../../src/models/stores';

type Call = (...parameters: unknown[]) => unknown;

/** The same object with some of its methods replaced. */
export function override<T extends object>(target: T, methods: Partial<T>): T {
  return new Proxy(target, {
    get(object, name) {
      const value: unknown = name in methods ? methods[name as keyof T] : Reflect.get(object, name, object);
      return typeof value === 'function' ? (value as Call).bind(object) : value;
    },
  });
}

/** For `wrapStores`: blobs with some methods replaced; `replace` gets the true ones. */
export function withBlobs(replace: (blobs: BlobStore) => Partial<BlobStore>): (stores: Stores) => Stores {
  return (stores) => ({ ...stores, blobs: override(stores.blobs, replace(stores.blobs)) });
}

/** The process is dead: nothing reaches a store any more. */
class Crashed extends Error {}

/**
 * Stores whose process dies after so many steps. A step is a call of the blob store or of a table, or the commit of a
 * transaction; after the last one every further step throws, so that nothing is tidied up either.
 */
export class CrashingStores {
  /** What was done since `dieAfter`, by name. */
  steps: string[] = [];
  private left = Infinity;

  /** Lets so many steps pass. */
  dieAfter(steps: number): void {
    this.steps = [];
    this.left = steps;
  }

  get dead(): boolean {
    return this.left < 0;
  }

  /** For `wrapStores`. */
  readonly wrap = (stores: Stores): Stores => ({
    ...stores,
    blobs: this.counted('blobs', stores.blobs),
    sql: this.countedSql(stores.sql),
  });

  private step(name: string): void {
    this.left -= 1;
    if (this.left < 0) throw new Crashed(`crashed before ${name}`);
    this.steps.push(name);
  }

  private counted<T extends object>(at: string, target: T): T {
    return new Proxy(target, {
      get: (object, name) => {
        const value: unknown = Reflect.get(object, name, object);
        if (typeof value !== 'function') return value;
        const call = (value as Call).bind(object);
        return (...parameters: unknown[]) => {
          this.step(`${at}.${String(name)}`);
          return call(...parameters);
        };
      },
    });
  }

  private countedTables(tables: Tables): Tables {
    const counted = { ...tables };
    const { uploads, files, blobs, extents } = tables;
    counted.uploads = this.counted('uploads', uploads);
    counted.files = this.counted('files', files);
    counted.blobs = this.counted('blobs table', blobs);
    counted.extents = this.counted('extents', extents);
    return counted;
  }

  private countedSql(sql: SqlStore): SqlStore {
    const { uploads, files, blobs, extents } = this.countedTables(sql);
    const transaction: SqlStore['transaction'] = (work) =>
      sql.transaction(async (tables) => {
        const result = await work(this.countedTables(tables));
        this.step('commit');
        return result;
      });
    return override(sql, { uploads, files, blobs, extents, transaction });
  }
}
