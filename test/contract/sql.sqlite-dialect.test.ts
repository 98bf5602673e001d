import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import Sqlite from 'better-sqlite3';
import { QueryTypes, Sequelize, Transaction } from 'sequelize';
import { Conflict, OutOfSpace, Unavailable } from '../../src/errors';
import { translate } from '../../src/models/sql/errors';
import { openSqliteDialect, type SqliteDialect } from '../../src/models/sql/sqlite-dialect';

describe('better-sqlite3 under Sequelize', () => {
  let folder: string;
  let file: string;
  let dialect: SqliteDialect;
  let sequelize: Sequelize;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'ferry-dialect-'));
    file = path.join(folder, 'a.db');
    dialect = await openSqliteDialect(file, { busyMs: 20, turnMs: 20 });
    sequelize = over(dialect);
    await run('CREATE TABLE parents (id TEXT PRIMARY KEY)');
    await run('CREATE TABLE children (parent TEXT REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)');
  });
  afterEach(async () => {
    await sequelize.close();
    dialect.close();
    await rm(folder, { recursive: true });
  });

  function over({ dialectModule }: SqliteDialect): Sequelize {
    const transactionType = Transaction.TYPES.IMMEDIATE;
    return new Sequelize({
      dialect: 'sqlite',
      dialectModule,
      storage: file,
      logging: false,
      transactionType,
    });
  }
  function run(sql: string, transaction: Transaction | null = null): Promise<unknown> {
    return sequelize.query(sql, { transaction });
  }
  async function translated(work: Promise<unknown>): Promise<unknown> {
    return work.then(
      () => 'no error',
      (error: unknown) => translate(error),
    );
  }
  async function count(table: string): Promise<unknown> {
    const [row] = await sequelize.query<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table}`, {
      type: QueryTypes.SELECT,
    });
    return row?.n;
  }

  it.each([
    ['journal_mode', 'wal'],
    ['synchronous', 2],
    ['foreign_keys', 1],
  ])('sets %s on every connection', async (pragma, value) => {
    const read = (transaction: Transaction | null) =>
      sequelize.query(`SELECT * FROM pragma_${pragma}`, { type: QueryTypes.SELECT, transaction });
    expect(await read(null)).toEqual([{ [pragma]: value }]);
    await sequelize.transaction(async (transaction) => {
      expect(await read(transaction)).toEqual([{ [pragma]: value }]);
    });
  });

  it.each<[string, (transaction: Transaction | null) => Promise<unknown>]>([
    ['a statement', () => run(`INSERT INTO parents VALUES ('a')`)],
    ['a transaction', () => sequelize.transaction(() => Promise.resolve())],
  ])('gives up on the lock of another process after a while: %s', async (_, write) => {
    const other = new Sqlite(file);
    other.exec('BEGIN IMMEDIATE');
    expect(await translated(write(null))).toBeInstanceOf(Unavailable);
    other.exec('COMMIT');
    other.close();
    expect(await translated(write(null))).toBe('no error');
  });

  it.each<[string, (other: Sequelize) => Promise<unknown>]>([
    ['a statement', (other) => other.query(`INSERT INTO parents VALUES ('b')`)],
    ['a transaction', (other) => other.transaction(() => Promise.resolve())],
  ])('queues for its turn instead of meeting the lock, also over another store: %s', async (_, write) => {
    const impatient = await openSqliteDialect(path.join(folder, '.', 'a.db'), { busyMs: 0, turnMs: 10_000 });
    const other = over(impatient);
    const order: string[] = [];
    const waiting = await sequelize.transaction(async (transaction) => {
      await run(`INSERT INTO parents VALUES ('a')`, transaction);
      const written = write(other).then(() => order.push('the other'));
      for (let round = 0; round < 5; round += 1) await other.query('SELECT 1');
      order.push('the first');
      return { written };
    });
    await waiting.written;
    expect(order).toEqual(['the first', 'the other']);
    await other.close();
    impatient.close();
  });

  it('gives up on a transaction of this process after a while', async () => {
    await sequelize.transaction(async () => {
      expect(await translated(run(`INSERT INTO parents VALUES ('a')`))).toBeInstanceOf(Unavailable);
      expect(await translated(sequelize.transaction(() => Promise.resolve()))).toBeInstanceOf(Unavailable);
    });
    await run(`INSERT INTO parents VALUES ('a')`);
    expect(await count('parents')).toBe(1);
  });

  it('lets others write after a COMMIT that failed', async () => {
    const warn = jest.spyOn(console, 'warn').mockImplementation(() => undefined);
    const work = sequelize.transaction(async (transaction) => {
      await run(`INSERT INTO parents VALUES ('a')`, transaction);
      await run(`INSERT INTO children VALUES ('nobody')`, transaction);
    });
    await expect(work).rejects.toThrow('FOREIGN KEY');
    warn.mockRestore();
    await sequelize.transaction((transaction) => run(`INSERT INTO parents VALUES ('b')`, transaction));
    expect([await count('parents'), await count('children')]).toEqual([1, 0]);
  });

  it('runs nothing more in a transaction that SQLite itself undid', async () => {
    await run(`INSERT INTO parents VALUES ('a')`);
    const work = sequelize.transaction(async (transaction) => {
      await run(`INSERT INTO parents VALUES ('b')`, transaction);
      const failed = run(`INSERT OR ROLLBACK INTO parents VALUES ('a')`, transaction);
      expect(await translated(failed)).toBeInstanceOf(Conflict);
      await run(`INSERT INTO parents VALUES ('c')`, transaction);
    });
    expect(await translated(work)).toBeInstanceOf(Unavailable);
    expect(await count('parents')).toBe(1);
    await run(`INSERT INTO parents VALUES ('d')`);
  });

  it('knows a full disk', async () => {
    await run('PRAGMA max_page_count = 10');
    const error = await translated(run(`INSERT INTO parents VALUES (hex(zeroblob(100000)))`));
    expect(error).toBeInstanceOf(OutOfSpace);
  });

  it('passes on other errors as they are', async () => {
    const error = await translated(run('SELECT nonsense'));
    expect(error).toMatchObject({ name: 'SequelizeDatabaseError' });
    const own = new Error('ours');
    expect(translate(own)).toBe(own);
  });
});
