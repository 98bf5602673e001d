import { existsSync } from 'node:fs';
import fs, { type FileHandle } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type BlobStore, SyncFailed } from '../../src/models/blobs';
import { openDiskBlobs } from '../../src/models/blobs/disk';
import { SharedSync } from '../../src/models/blobs/disk/shared-sync';

/** Syncs that end when they are told to. */
class ManualSyncs {
  readonly started: { end: () => void; fail: (error: Error) => void }[] = [];

  readonly sync = (): Promise<void> =>
    new Promise<void>((resolve, reject) => {
      this.started.push({ end: resolve, fail: reject });
    });
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

describe('SharedSync', () => {
  it('is shared by those who ask before it starts, and by no others', async () => {
    const syncs = new ManualSyncs();
    const shared = new SharedSync(syncs.sync);
    const done: string[] = [];
    const ask = (name: string): Promise<unknown> => shared.run().then(() => done.push(name));

    const first = ask('first');
    const second = [ask('second'), ask('second')];
    await turn();
    expect(syncs.started).toHaveLength(1);

    syncs.started[0]!.end();
    await first;
    await turn();
    expect(syncs.started).toHaveLength(2);
    expect(done).toEqual(['first']);

    const third = ask('third');
    syncs.started[1]!.end();
    await Promise.all(second);
    await turn();
    expect(syncs.started).toHaveLength(3);
    expect(done).toEqual(['first', 'second', 'second']);

    syncs.started[2]!.end();
    await third;
    const idle = ask('idle');
    expect(syncs.started).toHaveLength(4);
    syncs.started[3]!.end();
    await idle;
  });

  it('rejects everyone who waits, and whoever comes later, without another try', async () => {
    const syncs = new ManualSyncs();
    const shared = new SharedSync(syncs.sync);
    const lost = new Error('EIO');
    const outcomes = [shared.run(), shared.run(), shared.run()].map((run) =>
      run.catch((error: unknown) => error),
    );
    syncs.started[0]!.fail(lost);
    expect(await Promise.all(outcomes)).toEqual([lost, lost, lost]);
    await expect(shared.run()).rejects.toBe(lost);
    expect(syncs.started).toHaveLength(1);
  });
});

describe('syncs of the disk blob store', () => {
  let directory: string;
  let store: BlobStore;
  let datasync: (handle: FileHandle) => Promise<void>;
  let syncs: ManualSyncs;
  let synced: Buffer[];

  async function* source(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(bytes);
  }

  const write = (id: string, start: number): Promise<number> =>
    store.writePart(id, start, source(Buffer.alloc(10, 'x')));

  const failureOf = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => 'no failure',
      (error: unknown) => error,
    );

  beforeEach(async () => {
    directory = await fs.mkdtemp(path.join(os.tmpdir(), 'ferry-syncs-'));
    syncs = new ManualSyncs();
    synced = [];
    datasync = async (handle: FileHandle): Promise<void> => {
      const { buffer } = await handle.read(Buffer.alloc(30), 0, 30, 0);
      synced.push(buffer);
      await syncs.sync();
    };
    store = await openDiskBlobs({ directory, datasync });
    await store.createPart('p1', 30);
  });

  afterEach(async () => {
    await store.close();
    await fs.rm(directory, { recursive: true });
  });

  it('cover a write before it is acknowledged', async () => {
    const done: string[] = [];
    const first = write('p1', 0).then(() => done.push('first'));
    await until(() => syncs.started.length === 1);
    expect(synced[0]!.toString('latin1', 0, 10)).toBe('xxxxxxxxxx');

    const second = write('p1', 20).then(() => done.push('second'));
    syncs.started[0]!.end();
    await until(() => syncs.started.length === 2);
    await first;
    expect(done).toEqual(['first']);
    expect(synced[1]!.toString('latin1', 20)).toBe('xxxxxxxxxx');

    syncs.started[1]!.end();
    await second;
  });

  it('that fail reject everyone who waited, and the part cannot go on', async () => {
    const outcomes = [0, 10, 20].map((start) => failureOf(write('p1', start)));
    await until(() => syncs.started.length === 1);
    syncs.started[0]!.fail(new Error('EIO'));
    for (const outcome of await Promise.all(outcomes)) expect(outcome).toBeInstanceOf(SyncFailed);

    await expect(write('p1', 0)).rejects.toThrow(SyncFailed);
    await expect(store.partMatches('p1', 0, source(Buffer.alloc(1)))).rejects.toThrow(SyncFailed);
    await expect(store.publishPart('p1', 'a'.repeat(64))).rejects.toThrow(SyncFailed);
    expect(syncs.started).toHaveLength(1);
    expect(await store.hasBlob('a'.repeat(64))).toBe(false);
    expect(existsSync(path.join(directory, 'parts', 'p1'))).toBe(true);
  });

  it('that fail while publishing keep the part', async () => {
    const publishing = failureOf(store.publishPart('p1', 'a'.repeat(64)));
    await until(() => syncs.started.length === 1);
    syncs.started[0]!.fail(new Error('EIO'));
    expect(await publishing).toBeInstanceOf(SyncFailed);
    expect(await store.hasPart('p1')).toBe(true);
    expect(await store.hasBlob('a'.repeat(64))).toBe(false);
  });

  it('that failed count no more once the part is discarded', async () => {
    const failing = failureOf(write('p1', 0));
    await until(() => syncs.started.length === 1);
    syncs.started[0]!.fail(new Error('EIO'));
    expect(await failing).toBeInstanceOf(SyncFailed);
    await store.discardPart('p1');
    await store.createPart('p1', 10);
    const again = write('p1', 0);
    await until(() => syncs.started.length === 2);
    syncs.started[1]!.end();
    expect(await again).toBe(10);
  });

  it('are none where they are switched off', async () => {
    const unsynced = await openDiskBlobs({ directory, datasync, sync: false });
    expect(await unsynced.writePart('p1', 0, source(Buffer.alloc(30, 'x')))).toBe(30);
    await unsynced.publishPart('p1', 'a'.repeat(64));
    expect(await unsynced.hasBlob('a'.repeat(64))).toBe(true);
    expect(syncs.started).toEqual([]);
    await unsynced.close();
  });

  it('of one part do not wait for those of another', async () => {
    await store.createPart('p2', 10);
    const both = [write('p1', 0), write('p2', 0)];
    await until(() => syncs.started.length === 2);
    for (const { end } of syncs.started) end();
    expect(await Promise.all(both)).toEqual([10, 10]);
  });
});
