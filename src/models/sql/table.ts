import {
  col,
  DataTypes,
  fn,
  Op,
  where as compare,
  type Model,
  type ModelStatic,
  type Transaction,
  type WhereOptions,
} from 'sequelize';

/** A table as Sequelize knows it; `Row` is what lies in its columns. */
export type Table<Row extends object> = ModelStatic<Model<Row, Row>>;

/** A transaction to take part in, or null for statements that stand alone. */
export type Within = Transaction | null;

/** Column types that several tables share. Their lengths count on MySQL, whose keys are at most 3072 bytes long. */
export const columns = {
  id: () => DataTypes.STRING(64),
  /** A SHA-256 in hexadecimal. */
  digest: () => DataTypes.STRING(64),
  /** Milliseconds are kept. */
  time: () => DataTypes.DATE(3),
  /** Up to 2^53 - 1. */
  bytes: () => DataTypes.BIGINT,
};

/** The row's columns as a plain object. */
export function plain<Row extends object>(row: Model<Row, Row>): Row {
  return row.get({ plain: true });
}

export function plainOrNull<Row extends object>(row: Model<Row, Row> | null): Row | null {
  return row && plain(row);
}

/** INSTR takes its text literally, unlike LIKE, whose escaping differs between databases. */
export function contains(column: string, q: string) {
  return compare(fn('INSTR', fn('LOWER', col(column)), fn('LOWER', q)), { [Op.gt]: 0 });
}

/** The sum of nothing is 0. */
export async function sumOf<Row extends object>(
  table: Table<Row>,
  column: keyof Row,
  options: { where: WhereOptions<Row>; transaction: Within },
): Promise<number> {
  const sum = (await table.sum(column, options)) as number | null;
  return sum ?? 0;
}
