import { DataTypes, Op, type Sequelize } from 'sequelize';
import type { Idempotency, IdempotencyRecord, StoredAnswer } from '.';
import { columns, plain, type Table, type Within } from './table';

/** The answer lies in one column as JSON. */
type IdempotencyRow = Omit<IdempotencyRecord, 'answer'> & { answer: string | null };

export function defineIdempotency(sequelize: Sequelize): Table<IdempotencyRow> {
  return sequelize.define(
    'idempotency',
    {
      ownerId: { type: columns.id(), primaryKey: true },
      key: { type: DataTypes.STRING(255), primaryKey: true, field: 'idempotency_key' },
      fingerprint: DataTypes.STRING(128),
      resourceId: columns.id(),
      answer: DataTypes.TEXT,
      startedAt: columns.time(),
      expiresAt: columns.time(),
    },
    { tableName: 'idempotency_keys' },
  );
}

export function idempotencyIn(table: Table<IdempotencyRow>, transaction: Within): Idempotency {
  return {
    async find(ownerId, key) {
      const found = await table.findOne({ where: { ownerId, key }, transaction });
      if (!found) return null;
      const row = plain(found);
      return { ...row, answer: row.answer === null ? null : (JSON.parse(row.answer) as StoredAnswer) };
    },
    async insert(record) {
      const answer = record.answer && JSON.stringify(record.answer);
      await table.create({ ...record, answer }, { transaction });
    },
    async takeOver(ownerId, key, from, to) {
      const [count] = await table.update(
        { startedAt: to },
        { where: { ownerId, key, startedAt: from, answer: null }, transaction },
      );
      return count > 0;
    },
    async answer(ownerId, key, answer) {
      await table.update({ answer: JSON.stringify(answer) }, { where: { ownerId, key }, transaction });
    },
    async delete(ownerId, key) {
      await table.destroy({ where: { ownerId, key }, transaction });
    },
    async deleteExpired(before) {
      return table.destroy({ where: { expiresAt: { [Op.lt]: before } }, transaction });
    },
  };
}
