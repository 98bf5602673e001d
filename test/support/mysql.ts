import { randomBytes } from 'node:crypto';
import { createConnection, type Connection } from 'mysql2/promise';

/** The MySQL server that tests may make databases on. */
export function mysqlServerUrl(): URL {
  const given = process.env.TEST_DATABASE_URL;
  if (given === undefined || given === '')
    throw new Error('TEST_DATABASE_URL should name a MySQL server, e.g. mysql://root@127.0.0.1:3306');
  return new URL(given);
}

/** An empty database with a name of its own. */
export interface MysqlDatabase {
  url: string;
  name: string;
  /** A connection to the server, for what a store cannot do. */
  server: Connection;
  drop(): Promise<void>;
}

export async function createMysqlDatabase(): Promise<MysqlDatabase> {
  const url = mysqlServerUrl();
  const server = await createConnection(url.href);
  const name = `ferry_test_${randomBytes(6).toString('hex')}`;
  // Another collation than that of the tables, which must not matter.
  await server.query(`CREATE DATABASE ${name} CHARACTER SET latin1`);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    name,
    server,
    async drop() {
      await server.query(`DROP DATABASE ${name}`);
      await server.end();
    },
  };
}
