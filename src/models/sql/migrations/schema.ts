import type { ModelAttributeColumnOptions, ModelAttributes, QueryInterface, Transaction } from 'sequelize';

export interface MigrationContext {
  queryInterface: QueryInterface;
  /** Null on MySQL, where every change of the schema commits by itself. */
  transaction: Transaction | null;
}

/**
 * One step of the schema, forward only. On MySQL a step can break off in the middle and is then run again, so that it
 * must tolerate what is there already; the functions of this module do.
 */
export interface Migration {
  /** Never changed once released. */
  name: string;
  up(context: MigrationContext): Promise<void>;
}

export async function createTable(
  { queryInterface, transaction }: MigrationContext,
  table: string,
  attributes: ModelAttributes,
): Promise<void> {
  await queryInterface.createTable(table, attributes, {
    transaction,
    engine: 'InnoDB',
    charset: 'utf8mb4',
    // Binary: ids and hashes sort and compare as in SQLite and JavaScript.
    collate: 'utf8mb4_bin',
  });
}

export async function addColumn(
  { queryInterface, transaction }: MigrationContext,
  table: string,
  column: string,
  attribute: ModelAttributeColumnOptions,
): Promise<void> {
  // Given the transaction, describeTable reads within it; its type does not say so.
  const options: object = { transaction };
  const present = await queryInterface.describeTable(table, options);
  if (column in present) return;
  await queryInterface.addColumn(table, column, attribute, { transaction });
}

/** Adds an index named after the table and its columns. */
export async function addIndex(
  { queryInterface, transaction }: MigrationContext,
  table: string,
  fields: string[],
  { unique = false }: { unique?: boolean } = {},
): Promise<void> {
  const name = indexName(table, fields);
  if (await hasIndex({ queryInterface, transaction }, table, name)) return;
  await queryInterface.addIndex(table, { name, fields, unique, transaction });
}

/** Removes an index that `addIndex` made. */
export async function removeIndex(
  { queryInterface, transaction }: MigrationContext,
  table: string,
  fields: string[],
): Promise<void> {
  const name = indexName(table, fields);
  if (!(await hasIndex({ queryInterface, transaction }, table, name))) return;
  await queryInterface.removeIndex(table, name, { transaction });
}

function indexName(table: string, fields: string[]): string {
  return [table, ...fields].join('_');
}

async function hasIndex(
  { queryInterface, transaction }: MigrationContext,
  table: string,
  name: string,
): Promise<boolean> {
  const present = (await queryInterface.showIndex(table, { transaction })) as { name: string }[];
  return present.some((index) => index.name === name);
}
