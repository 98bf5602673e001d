import { Op, QueryTypes, type Sequelize, type WhereOptions } from 'sequelize';
import type { Extent, Extents } from '.';
import { columns, plain, type Table, type Within } from './table';

type ExtentRow = Extent & { uploadId: string };

export function defineExtents(sequelize: Sequelize): Table<ExtentRow> {
  return sequelize.define('extent', {
    uploadId: { type: columns.id(), primaryKey: true },
    // END is a word of SQL.
    start: { type: columns.bytes(), primaryKey: true, field: 'start_byte' },
    end: { type: columns.bytes(), field: 'end_byte' },
  });
}

export function extentsIn(table: Table<ExtentRow>, sequelize: Sequelize, transaction: Within): Extents {
  async function select(where: WhereOptions<ExtentRow>): Promise<ExtentRow[]> {
    return (await table.findAll({ where, order: [['start', 'ASC']], transaction })).map(plain);
  }
  return {
    async listOf(uploadId) {
      return (await select({ uploadId })).map(({ start, end }) => ({ start, end }));
    },
    async listOfMany(uploadIds) {
      const lists = new Map<string, Extent[]>(uploadIds.map((id) => [id, []]));
      if (uploadIds.length === 0) return lists;
      for (const { uploadId, start, end } of await select({ uploadId: uploadIds })) {
        lists.get(uploadId)?.push({ start, end });
      }
      return lists;
    },
    async add(uploadId, { start, end }) {
      if (!transaction) throw new Error('An extent is added in a transaction that holds its upload.');
      if (start >= end) return;
      // Those that overlap or touch it, in ascending order.
      const neighbours = await select({ uploadId, start: { [Op.lte]: end }, end: { [Op.gte]: start } });
      const first = neighbours[0];
      const joined = { start: Math.min(start, first?.start ?? start), end: neighbours.at(-1)?.end ?? end };
      joined.end = Math.max(joined.end, end);
      if (first?.start !== joined.start) {
        await remove(neighbours);
        await table.create({ uploadId, ...joined }, { transaction });
        return;
      }
      await remove(neighbours.slice(1));
      if (first.end === joined.end) return;
      await table.update({ end: joined.end }, { where: { uploadId, start: first.start }, transaction });
    },
    async clear(uploadId) {
      await table.destroy({ where: { uploadId }, transaction });
    },
    async sumReceived() {
      const [row] = await sequelize.query<{ bytes: number | string | null }>(
        `SELECT SUM(end_byte - start_byte) AS bytes
        FROM extents JOIN uploads ON uploads.id = extents.upload_id WHERE uploads.state = 'open'`,
        { type: QueryTypes.SELECT, transaction },
      );
      return Number(row?.bytes ?? 0);
    },
  };

  async function remove(rows: ExtentRow[]): Promise<void> {
    for (const { uploadId, start } of rows) {
      await table.destroy({ where: { uploadId, start }, transaction });
    }
  }
}
