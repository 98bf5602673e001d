import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { FolderInUse, lockFolder } from '../../src/models/process-lock';

describe('a folder that one process has', () => {
  let directory: string;
  let folder: string;

  beforeAll(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'ferry-lock-'));
  });

  beforeEach(() => {
    folder = path.join(directory, expect.getState().currentTestName ?? '', 'data');
  });

  afterAll(() => rm(directory, { recursive: true, force: true }));

  it.each([
    ['alone, is refused to one that wants it alone', false, false],
    ['alone, is refused to one that would share it', false, true],
    ['to share it, is refused to one that wants it alone', true, false],
  ])('%s, until it is released', async (_what, first, second) => {
    const lock = await lockFolder(folder, first);
    await expect(lockFolder(folder, second)).rejects.toThrow(new FolderInUse(folder));
    lock.release();
    (await lockFolder(folder, second)).release();
  });

  it('to share it, is shared with others that do', async () => {
    const locks = [await lockFolder(folder, true), await lockFolder(folder, true)];
    for (const lock of locks) lock.release();
  });

  it('is free once that process was killed', async () => {
    (await lockFolder(folder, false)).release();
    const holder = spawn(
      process.execPath,
      [
        '-e',
        `const db = new (require('better-sqlite3'))(process.argv[1]);
        db.exec('BEGIN EXCLUSIVE');
        console.log('locked');
        setInterval(() => db, 1e6);`,
        path.join(folder, 'ferry.lock'),
      ],
      { cwd: path.resolve(__dirname, '../..'), stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await once(holder.stdout, 'data');
    await expect(lockFolder(folder, false)).rejects.toThrow(FolderInUse);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    (await lockFolder(folder, false)).release();
  });
});
