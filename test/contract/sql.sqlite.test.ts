import { mkdtemp, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import Sqlite from 'better-sqlite3';
import { Unavailable } from '../../src/errors';
import type { SqlStore } from '../../src/models/sql';
import { openSqlStore } from '../../src/models/sql/open';
import { sqlContract } from './sql.contract';
import { aUser, type SqlDatabase } from './sql/records';

async function openDatabase(): Promise<SqlDatabase & { file: string }> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'ferry-sql-'));
  const file = path.join(folder, 'data', 'ferry.db');
  const stores: SqlStore[] = [];
  const another = async () => {
    const store = await openSqlStore({ url: null, file });
    stores.push(store);
    return store;
  };
  return {
    file,
    store: await another(),
    another,
    async destroy() {
      for (const store of stores) await store.close();
      await rm(folder, { recursive: true });
    },
  };
}

sqlContract('SQLite', openDatabase);

describe('SQLite on a file', () => {
  let database: Awaited<ReturnType<typeof openDatabase>>;
  beforeEach(async () => {
    database = await openDatabase();
    await database.store.migrate();
  });
  afterEach(() => database.destroy());

  it('makes a file that only its owner can read', async () => {
    const { mode } = await stat(database.file);
    expect((mode & 0o777).toString(8)).toBe('600');
    expect(database.store.location).toBe(database.file);
  });

  it('tells the logger of changes of the schema', async () => {
    const told: unknown[] = [];
    const store = await openSqlStore({
      url: null,
      file: path.join(path.dirname(database.file), 'other.db'),
      logger: { info: (details) => told.push(details) },
    });
    const names = await store.migrate();
    await store.close();
    expect(told).toEqual(names.map((migration) => ({ migration })));
  });

  it('waits for the lock of another process, while reading goes on', async () => {
    const { store, file } = database;
    const order: string[] = [];
    const [user, another] = [aUser(), aUser()];
    const other = new Sqlite(file);
    other.exec('BEGIN IMMEDIATE');
    const writes = [
      store.users.insert(user),
      store.transaction((tables) => tables.users.insert(another)),
    ].map((write) => write.then(() => order.push('written')));
    // Several rounds of the event loop, so that the writes have met the lock.
    for (let round = 0; round < 5; round += 1) expect(await store.users.find(user.id)).toBeNull();
    order.push('lock released');
    other.exec('COMMIT');
    other.close();
    await Promise.all(writes);
    expect(order).toEqual(['lock released', 'written', 'written']);
    expect(await store.users.find(user.id)).toStrictEqual(user);
    expect(await store.users.find(another.id)).toStrictEqual(another);
  });

  it('undoes a transaction that is open when the store closes, and lets others write', async () => {
    const { store, another } = database;
    const other = await another();
    const user = aUser();
    let begun: () => void = () => undefined;
    const inside = new Promise<void>((resolve) => (begun = resolve));
    let goOn: () => void = () => undefined;
    const closed = new Promise<void>((resolve) => (goOn = resolve));
    const work = store.transaction(async (tables) => {
      await tables.users.insert(user);
      begun();
      await closed;
      await tables.users.update(user.id, { epoch: 1 });
    });
    await inside;
    const waiting = other.users.insert(aUser());
    const late = store.users.insert(aUser());
    await store.close();
    goOn();
    await expect(work).rejects.toThrow(Unavailable);
    await expect(late).rejects.toThrow(Unavailable);
    await waiting;
    expect(await other.users.find(user.id)).toBeNull();
  });
});
