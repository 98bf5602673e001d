import { DataTypes, type Sequelize } from 'sequelize';
import type { Identities, IdentityRecord } from '.';
import { columns, plain, plainOrNull, type Table, type Within } from './table';

export function defineIdentities(sequelize: Sequelize): Table<IdentityRecord> {
  return sequelize.define('identity', {
    provider: { type: DataTypes.STRING(64), primaryKey: true },
    subject: { type: DataTypes.STRING(255), primaryKey: true },
    userId: columns.id(),
    secret: DataTypes.STRING(255),
    linkedAt: columns.time(),
  });
}

export function identitiesIn(table: Table<IdentityRecord>, transaction: Within): Identities {
  return {
    async insert(identity) {
      await table.create(identity, { transaction });
    },
    async find(provider, subject) {
      return plainOrNull(await table.findOne({ where: { provider, subject }, transaction }));
    },
    async delete(provider, subject) {
      return (await table.destroy({ where: { provider, subject }, transaction })) > 0;
    },
    async listOf(userId) {
      const order: [string, string][] = [
        ['linkedAt', 'ASC'],
        ['provider', 'ASC'],
        ['subject', 'ASC'],
      ];
      return (await table.findAll({ where: { userId }, order, transaction })).map(plain);
    },
    async setSecret(provider, subject, secret) {
      const [count] = await table.update({ secret }, { where: { provider, subject }, transaction });
      return count > 0;
    },
  };
}
