import { createConnection } from 'mysql2/promise';
import { NotFound, Unavailable } from '../../src/errors';
import type { Tables } from '../../src/models/sql';
import { openSqlStore, type OpenSqlStore } from '../../src/models/sql/open';
import { anUpload, aUser, newDigest } from '../contract/sql/records';
import { until } from '../contract/until';
import { startMariaDb, type MariaDb } from '../support/mariadb';
import { createMysqlDatabase, type MysqlDatabase } from '../support/mysql';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy';

describe('MySQL', () => {
  let database: MysqlDatabase;
  let proxy: TcpProxy;
  let store: OpenSqlStore;

  beforeAll(async () => {
    database = await createMysqlDatabase();
    const url = new URL(database.url);
    proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) });
    url.port = String(proxy.port);
    url.hostname = '127.0.0.1';
    store = await openSqlStore({ url: url.href, file: '' });
    await store.migrate();
  });

  afterAll(async () => {
    await store.close();
    await proxy.close();
    await database.drop();
  });

  it('says Unavailable while the server is away, and comes back by itself', async () => {
    const user = aUser();
    await store.users.insert(user);
    for (let round = 0; round < 2; round += 1) {
      proxy.cut();
      await expect(store.users.find(user.id)).rejects.toThrow(Unavailable);
      await expect(store.transaction((tables) => tables.users.find(user.id))).rejects.toThrow(Unavailable);
      await expect(store.ping()).rejects.toThrow(Unavailable);
      proxy.mend();
      // A connection that failed before may still be handed out.
      await until(() => store.ping().then(Boolean.bind(null, true), () => false));
      expect(await store.users.find(user.id)).toStrictEqual(user);
    }
  });

  it('undoes a transaction whose connection is lost', async () => {
    const user = aUser();
    const work = store.transaction(async (tables) => {
      await tables.users.insert(user);
      proxy.cut();
      proxy.mend();
      await tables.users.update(user.id, { epoch: 1 });
    });
    await expect(work).rejects.toThrow(Unavailable);
    expect(await store.users.find(user.id)).toBeNull();
  });

  it('runs a transaction again that a deadlock undid, and nothing of it twice', async () => {
    const [left, right] = [aUser(), aUser()];
    await store.users.insert(left);
    await store.users.insert(right);
    let runs = 0;
    let holding = 0;
    let bothHold: () => void = () => undefined;
    const met = new Promise<void>((resolve) => (bothHold = resolve));
    const raise = async (tables: Tables, id: string) => {
      const user = await tables.users.find(id);
      await tables.users.update(id, { epoch: user!.epoch + 1 });
    };
    const crossing = (first: string, second: string) =>
      store.transaction(async (tables) => {
        runs += 1;
        await raise(tables, first);
        holding += 1;
        if (holding >= 2) bothHold();
        await met;
        await tables.users.hold(second);
        await raise(tables, second);
      });
    await Promise.all([crossing(left.id, right.id), crossing(right.id, left.id)]);
    expect(runs).toBeGreaterThan(2);
    expect((await store.users.find(left.id))?.epoch).toBe(2);
    expect((await store.users.find(right.id))?.epoch).toBe(2);
  });

  it('gives up a transaction whose work throws, without running it again', async () => {
    let runs = 0;
    const work = store.transaction(() => {
      runs += 1;
      return Promise.reject(new NotFound('on purpose'));
    });
    await expect(work).rejects.toThrow('on purpose');
    expect(runs).toBe(1);
  });

  it('works on a server whose own settings are lax, and stores times as they are in UTC', async () => {
    const before = await globals();
    await database.server.query(
      `SET GLOBAL sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES', GLOBAL time_zone = '+05:00'`,
    );
    const lax = await openSqlStore({ url: database.url, file: '' });
    try {
      const user = aUser({ displayName: `\\' OR "1"='1 -- 扫码 🚢` });
      await lax.users.insert(user);
      expect(await lax.users.find(user.id)).toStrictEqual(user);
      expect(await lax.users.list({ limit: 5, before: null, q: `\\' or "1"` })).toStrictEqual([user]);
      await expect(lax.users.insert(aUser({ displayName: 'x'.repeat(256) }))).rejects.toThrow(/too long/i);
      const [rows] = await database.server.query(
        `SELECT DATE_FORMAT(created_at, '%Y-%m-%dT%H:%i:%s') AS at FROM ${database.name}.users WHERE id = ?`,
        [user.id],
      );
      expect(rows).toEqual([{ at: user.createdAt.toISOString().slice(0, 19) }]);
    } finally {
      await lax.close();
      await database.server.query('SET GLOBAL sql_mode = ?, GLOBAL time_zone = ?', before);
    }
  });

  async function globals(): Promise<string[]> {
    const [rows] = await database.server.query(
      'SELECT @@GLOBAL.sql_mode AS mode, @@GLOBAL.time_zone AS zone',
    );
    const [{ mode, zone }] = rows as [{ mode: string; zone: string }];
    return [mode, zone];
  }

  it('goes on with a schema that a process left half-way through a step', async () => {
    const other = await createMysqlDatabase();
    const sql = await openSqlStore({ url: other.url, file: '' });
    try {
      await sql.migrate();
      // As if the last step had ended before its second table.
      await other.server.query(`DELETE FROM ${other.name}.migrations ORDER BY name DESC LIMIT 1`);
      await other.server.query(`DROP TABLE ${other.name}.attachments`);
      expect(await sql.migrate()).toHaveLength(1);
      await sql.users.insert(aUser());
      await sql.uploads.insert(anUpload());
    } finally {
      await sql.close();
      await other.drop();
    }
  });

  it('tells neither name nor password', async () => {
    const url = new URL(database.url);
    url.username = 'nobody-of-that-name';
    url.password = 'a-secret';
    const stranger = await openSqlStore({ url: url.href, file: '' });
    const error: unknown = await stranger.ping().catch((reason: unknown) => reason);
    await stranger.close();
    expect(error).toBeInstanceOf(Unavailable);
    expect(stranger.location).toBe(`mysql://127.0.0.1:${url.port}/${database.name}`);
    expect(JSON.stringify([error, String(error)])).not.toMatch(/a-secret|nobody/);
  });
});

describe('MySQL that does not answer', () => {
  let server: MariaDb;
  let store: OpenSqlStore;

  beforeAll(async () => {
    server = await startMariaDb();
    const connection = await createConnection(server.url);
    await connection.query('CREATE DATABASE ferry');
    await connection.end();
    store = await openSqlStore({ url: `${server.url}/ferry`, file: '' });
    await store.migrate();
  });

  afterAll(async () => {
    await store.close();
    await server.stop();
  });

  it('is Unavailable after a while, and its connections are replaced', async () => {
    const sha256 = newDigest();
    await store.blobs.announce(sha256, 1, new Date());
    server.pause();
    const calls = [store.ping(), store.blobs.find(sha256), store.blobs.addReference(sha256)];
    const results = await Promise.allSettled(calls);
    server.resume();
    for (const result of results) {
      expect(result.status === 'rejected' && result.reason).toBeInstanceOf(Unavailable);
    }
    await store.ping();
    await store.blobs.addReference(sha256);
    expect((await store.blobs.find(sha256))?.references).toBeGreaterThan(0);
  });
});
