import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import Sqlite from 'better-sqlite3';
import { Unavailable } from '../../src/errors';
import { openEmbeddedKeyValue } from '../../src/models/keyvalue/embedded';
import { withLease } from '../../src/models/keyvalue/lease';
import { keyvalueContract } from './keyvalue.contract';
import { leaseContract } from './lease.contract';

const MINUTE = 60_000;

let directory: string;
let file: string;
let count = 0;

beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'ferry-keyvalue-'));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

beforeEach(() => {
  count += 1;
  file = path.join(directory, `${count}`, 'keyvalue.sqlite');
});

const open = () => openEmbeddedKeyValue({ file });

keyvalueContract('embedded', open);
leaseContract('embedded', open);

/** What lies in the file, seen from outside. */
function rows(): { key: string; value: string; expires_at: number | null }[] {
  const database = new Sqlite(file, { readonly: true });
  try {
    return database.prepare('SELECT * FROM entries ORDER BY key').all() as ReturnType<typeof rows>;
  } finally {
    database.close();
  }
}

describe('embedded: key-value over restarts', () => {
  let now: number;
  const clock = (): number => now;
  const openAt = () => openEmbeddedKeyValue({ file, clock });

  beforeEach(() => {
    now = 1_000_000;
  });

  it('says where it lies, in a file for its owner alone', async () => {
    const store = await open();
    expect(store).toMatchObject({ form: 'in process, kept on disk', location: file });
    await store.set('key', 'value');
    for (const name of [file, `${file}-wal`]) expect((await stat(name)).mode & 0o777).toBe(0o600);
    await store.close();
  });

  it.each([
    ['plain', 'value'],
    ['empty', ''],
    ['Chinese and emoji', '扫码登录 🚢'],
    ['with NUL and line ends', 'a\0b\r\nc'],
    ['a number with leading zeros', '007'],
    ['long', 'x'.repeat(200_000)],
  ])('keeps a value as it was: %s', async (key, value) => {
    const before = await open();
    await before.set(`${key}\0`, value);
    await before.close();
    const after = await open();
    await expect(after.get(`${key}\0`)).resolves.toBe(value);
    await after.close();
  });

  it('keeps the outcome of every call', async () => {
    const before = await openAt();
    await before.set('set', '1', { ttlMs: 100 });
    await before.set('set', '2');
    await before.set('deleted', '1');
    await before.delete('deleted');
    await before.set('swapped', '1', { ttlMs: 100 });
    await before.compareAndSet('swapped', '1', '2');
    await before.set('taken', '1');
    await before.compareAndSet('taken', '1', null);
    await before.increment('sum', 5, 300);
    await before.increment('sum', 6, 900);
    await before.close();

    now += 40;
    const after = await openAt();
    const found = await Promise.all(
      ['set', 'deleted', 'swapped', 'taken', 'sum'].map(async (key) => [
        key,
        await after.get(key),
        await after.timeToLive(key),
      ]),
    );
    expect(found).toEqual([
      ['set', '2', null],
      ['deleted', null, null],
      ['swapped', '2', 60],
      ['taken', null, null],
      ['sum', '11', 260],
    ]);
    await after.close();
  });

  it('forgets what has expired meanwhile, also in the file', async () => {
    const before = await openAt();
    await before.set('short', '1', { ttlMs: 100 });
    await before.set('long', '1', { ttlMs: 101 });
    await before.close();
    now += 100;
    const after = await openAt();
    await expect(after.get('short')).resolves.toBeNull();
    await expect(after.get('long')).resolves.toBe('1');
    expect(rows().map(({ key }) => key)).toEqual(['long']);
    await after.close();
  });

  it('sweeps what it has loaded', async () => {
    const before = await openAt();
    await before.set('key', '1', { ttlMs: 100 });
    await before.close();
    jest.useFakeTimers();
    try {
      const after = await openAt();
      expect(jest.getTimerCount()).toBe(1);
      now += 100;
      jest.advanceTimersByTime(1_000);
      expect(jest.getTimerCount()).toBe(0);
      await after.set('other', '1');
      expect(rows().map(({ key }) => key)).toEqual(['other']);
      await after.close();
    } finally {
      jest.useRealTimers();
    }
  });

  it('has each change in the file by the time it answers', async () => {
    const store = await openAt();
    await Promise.all(Array.from({ length: 20 }, (_, i) => store.set(`key${i}`, String(i))));
    expect(rows()).toHaveLength(20);
    await store.set('key0', 'next', { ttlMs: 5 });
    expect(rows()[0]).toEqual({ key: 'key0', value: 'next', expires_at: now + 5 });
    await store.delete('key0');
    expect(rows()).toHaveLength(19);
    await store.close();
  });

  it('answers a call that changes nothing only once what it rests on is in the file', async () => {
    const store = await openAt();
    await store.set('key', '1');
    const first = store.delete('key');
    await expect(store.delete('key')).resolves.toBe(false);
    expect(rows()).toEqual([]);
    await expect(first).resolves.toBe(true);
    await store.close();
  });

  it('writes at its end what nobody waited for', async () => {
    const store = await openAt();
    const written = store.set('key', '1');
    await store.close();
    await expect(written).resolves.toBe(true);
    expect(rows()).toHaveLength(1);
  });

  it('lets go of leases: whoever held them is dead', async () => {
    const before = await openAt();
    await withLease(before, 'work', { ttlMs: MINUTE, waitMs: 0 }, async () => {
      await expect(before.get('lease:work')).resolves.not.toBeNull();
      expect(rows()).toEqual([]);
      const after = await openEmbeddedKeyValue({ file });
      await expect(
        withLease(after, 'work', { ttlMs: MINUTE, waitMs: 0 }, () => Promise.resolve('mine')),
      ).resolves.toBe('mine');
      await after.close();
    });
    await before.close();
  });

  it('is unavailable while its file cannot be written, and catches up', async () => {
    const store = await openAt();
    await store.set('key', '1');
    const blocker = new Sqlite(file);
    blocker.exec("CREATE TRIGGER full BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'disk full'); END");
    blocker.exec(
      "CREATE TRIGGER fuller BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'disk full'); END",
    );
    await expect(store.set('other', '1')).rejects.toThrow(Unavailable);
    await expect(store.ping()).rejects.toThrow(Unavailable);
    await expect(store.delete('key')).rejects.toThrow(Unavailable);
    expect(rows().map(({ key }) => key)).toEqual(['key']);
    blocker.exec('DROP TRIGGER full; DROP TRIGGER fuller');
    blocker.close();
    await expect(store.ping()).resolves.toBeUndefined();
    expect(rows().map(({ key }) => key)).toEqual(['other']);
    await store.close();
  });

  it('does not open a file that is no database', async () => {
    const store = await open();
    await store.close();
    await expect(openEmbeddedKeyValue({ file: path.dirname(file) })).rejects.toThrow();
  });

  it('keeps every answered change of a process that is killed', async () => {
    const store = await open();
    await store.close();
    const child = spawn(process.execPath, ['--import', 'tsx', '-e', WRITER, file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let told = '';
    await new Promise<void>((resolve) => {
      child.stdout.on('data', (text: Buffer) => {
        told += text.toString();
        if (told.split('\n').length > 50) resolve();
      });
    });
    child.kill('SIGKILL');
    await once(child, 'exit');
    const last = Number(told.trimEnd().split('\n').at(-1));
    const after = await open();
    expect(Number(await after.get('count'))).toBeGreaterThanOrEqual(last);
    await expect(after.get('deleted')).resolves.toBeNull();
    await after.close();
  });
});

/** Counts, and tells each number once the store has answered for it. */
const WRITER = `
  const { openEmbeddedKeyValue } = require(${JSON.stringify(path.resolve(__dirname, '../../src/models/keyvalue/embedded'))});
  const { writeSync } = require('node:fs');
  (async () => {
    const store = await openEmbeddedKeyValue({ file: process.argv[1] });
    await store.set('deleted', '1');
    await store.delete('deleted');
    for (;;) writeSync(1, (await store.increment('count', 1, ${MINUTE})) + '\\n');
  })();
`;
