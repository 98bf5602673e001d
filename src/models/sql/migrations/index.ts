import { DataTypes, QueryTypes, type QueryInterface, type Sequelize, type Transaction } from 'sequelize';
import type { UmzugStorage } from 'umzug';
import { Unavailable } from '../../../errors';
import { accounts } from './0001-accounts';
import { files } from './0002-files';
import { idempotency } from './0003-idempotency';
import { suspensionAndChainKeys } from './0004-suspension-and-chain-keys';
import { links } from './0005-links';
import { archives } from './0006-archives';
import { uploadClients } from './0007-upload-clients';
import { content } from './0008-content';
import { contentLists } from './0009-content-lists';
import { createTable, type Migration, type MigrationContext } from './schema';

/** In the order in which they run. */
const migrations: readonly Migration[] = [
  accounts,
  files,
  idempotency,
  suspensionAndChainKeys,
  links,
  archives,
  uploadClients,
  content,
  contentLists,
];

const TABLE = 'migrations';
const LOCK_SECONDS = 60;

async function executed(queryInterface: QueryInterface, transaction: Transaction | null): Promise<string[]> {
  if (!(await queryInterface.tableExists(TABLE, { transaction }))) return [];
  const rows = await queryInterface.sequelize.query<{ name: string }>(`SELECT name FROM ${TABLE}`, {
    type: QueryTypes.SELECT,
    transaction,
  });
  return rows.map((row) => row.name);
}

const storage: UmzugStorage<MigrationContext> = {
  executed: ({ context }) => executed(context.queryInterface, context.transaction),
  async logMigration({ name, context }) {
    const row = { name, ran_at: new Date() };
    await context.queryInterface.bulkInsert(TABLE, [row], { transaction: context.transaction });
  },
  unlogMigration: () => Promise.reject(new Error('Migrations only go forward.')),
};

/** One process at a time: on SQLite the transaction itself is the lock, MySQL has locks by name. */
async function locked(sequelize: Sequelize, work: (context: MigrationContext) => Promise<string[]>) {
  const queryInterface = sequelize.getQueryInterface();
  return sequelize.transaction(async (transaction) => {
    if (sequelize.getDialect() !== 'mysql') return work({ queryInterface, transaction });
    // The lock belongs to the connection, and the transaction keeps that. It is the database's, not the server's.
    const name = `CONCAT('migrate.', SHA1(DATABASE()))`;
    const options = { type: QueryTypes.SELECT, transaction } as const;
    const [lock] = await sequelize.query<{ held: number | null }>(
      `SELECT GET_LOCK(${name}, ${LOCK_SECONDS}) AS held`,
      options,
    );
    if (lock?.held !== 1) throw new Unavailable('Another process is changing the schema of the database.');
    try {
      return await work({ queryInterface, transaction: null });
    } finally {
      await sequelize.query(`SELECT RELEASE_LOCK(${name})`, options);
    }
  });
}

/**
 * Brings the schema to the newest version. Several processes may do so at once; all but one then wait for it.
 * @returns the names of the migrations that ran here
 */
export async function migrate(sequelize: Sequelize): Promise<string[]> {
  const done = await executed(sequelize.getQueryInterface(), null);
  if (migrations.every(({ name }) => done.includes(name))) return [];
  // Loaded only when there is something to do: it brings a whole command line along.
  const { Umzug } = await import('umzug');
  return locked(sequelize, async (context) => {
    await createTable(context, TABLE, {
      name: { type: DataTypes.STRING(64), primaryKey: true },
      ran_at: { type: DataTypes.DATE(3), allowNull: false },
    });
    const umzug = new Umzug<MigrationContext>({
      migrations: migrations.map((migration) => ({
        name: migration.name,
        up: (parameters) => migration.up(parameters.context),
      })),
      context,
      storage,
      logger: undefined,
    });
    return (await umzug.up()).map(({ name }) => name);
  });
}
