import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import Sqlite from 'better-sqlite3';

/** A lock is held by no process that has died. */
export interface ProcessLock {
  release(): void;
}

/** Another process has the folder. */
export class FolderInUse extends Error {
  constructor(readonly folder: string) {
    super(`another process uses ${folder}`);
    this.name = 'FolderInUse';
  }
}

const FILE = 'ferry.lock';

/**
 * Locks a folder against other processes. Node has no lock of files, but SQLite has one on every system: it belongs to the
 * process, so that `kill -9` and a power cut let go of it.
 * @param folder made when it is missing; the lock is a file in it, which stays there and has no meaning of its own
 * @param share whether processes that share it, too, may have it at the same time
 * @throws `FolderInUse`
 */
export async function lockFolder(folder: string, share: boolean): Promise<ProcessLock> {
  await mkdir(folder, { recursive: true });
  const database = new Sqlite(path.join(folder, FILE), { timeout: 0 });
  try {
    // Nothing is written: until its end the transaction holds what it would need for that.
    database.exec(share ? 'BEGIN; SELECT * FROM sqlite_schema' : 'BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if ((error as { code?: unknown }).code === 'SQLITE_BUSY') throw new FolderInUse(folder);
    throw error;
  }
  return { release: () => database.close() };
}
