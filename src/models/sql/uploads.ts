import { DataTypes, literal, Op, type Order, type Sequelize } from 'sequelize';
import type { UploadRecord, Uploads } from '.';
import { columns, plain, plainOrNull, sumOf, type Table, type Within } from './table';

export function defineUploads(sequelize: Sequelize): Table<UploadRecord> {
  return sequelize.define('upload', {
    id: { type: columns.id(), primaryKey: true },
    ownerId: columns.id(),
    name: DataTypes.TEXT,
    size: columns.bytes(),
    sizeDeferred: DataTypes.BOOLEAN,
    type: DataTypes.STRING(255),
    chunkSize: columns.bytes(),
    visibility: DataTypes.STRING(16),
    declaredSha256: { type: columns.digest(), field: 'declared_sha256' },
    sealedSha256: { type: columns.digest(), field: 'sealed_sha256' },
    state: DataTypes.STRING(16),
    completion: DataTypes.STRING(16),
    fileId: columns.id(),
    clientKey: columns.digest(),
    clientState: DataTypes.TEXT,
    joinedTo: columns.id(),
    joinedPosition: DataTypes.INTEGER,
    pieceCount: DataTypes.INTEGER,
    createdAt: columns.time(),
    expiresAt: columns.time(),
  });
}

export function uploadsIn(table: Table<UploadRecord>, transaction: Within): Uploads {
  return {
    async insert(upload) {
      await table.create(upload, { transaction });
    },
    async find(id) {
      return plainOrNull(await table.findByPk(id, { transaction }));
    },
    async listOf(ownerId, { limit, before }) {
      const where = before === null ? { ownerId } : { ownerId, id: { [Op.lt]: before } };
      return (await table.findAll({ where, order: [['id', 'DESC']], limit, transaction })).map(plain);
    },
    async findByClientKey(ownerId, clientKey) {
      const where = { ownerId, clientKey };
      return plainOrNull(await table.findOne({ where, order: [['id', 'DESC']], transaction }));
    },
    async sumOpen(ownerId) {
      const where = { state: 'open' as const, joinedTo: null, ...(ownerId !== undefined && { ownerId }) };
      const count = await table.count({ where, transaction });
      return { count, bytes: await sumOf(table, 'size', { where, transaction }) };
    },
    ...changesIn(table, transaction),
    ...piecesIn(table, transaction),
    ...sweepsIn(table, transaction),
  };
}

function changesIn(table: Table<UploadRecord>, transaction: Within) {
  /** On MySQL the UPDATE also holds the row until the transaction ends, even when it changes nothing. */
  async function updateOpen(id: string, values: Partial<UploadRecord>): Promise<boolean> {
    const [count] = await table.update(values, { where: { id, state: 'open' }, transaction });
    return count > 0;
  }
  return {
    touch: (id, expiresAt) => updateOpen(id, { expiresAt }),
    async grow(id, size) {
      const where = { id, state: 'open' as const, sizeDeferred: true };
      const [count] = await table.update({ size }, { where, transaction });
      return count > 0;
    },
    async declareSize(id, size) {
      const where = { id, state: 'open' as const, sizeDeferred: true };
      const [count] = await table.update({ size, sizeDeferred: false }, { where, transaction });
      return count > 0;
    },
    async setClientState(id, clientState) {
      await table.update({ clientState }, { where: { id }, transaction });
    },
    async completeItself(id) {
      await table.update({ completion: 'itself' }, { where: { id, completion: 'asked' }, transaction });
    },
    seal: (id, sha256) => updateOpen(id, { sealedSha256: sha256 }),
    complete: (id, fileId) => updateOpen(id, { state: 'complete', fileId }),
    end: (id, state) => updateOpen(id, { state }),
  } satisfies Partial<Uploads>;
}

function piecesIn(table: Table<UploadRecord>, transaction: Within) {
  return {
    async join(id, joinedTo, joinedPosition) {
      const where = { id, state: 'open' as const, joinedTo: null };
      const [count] = await table.update({ joinedTo, joinedPosition }, { where, transaction });
      return count > 0;
    },
    async listJoined(joinedTo) {
      const order: Order = [['joinedPosition', 'ASC']];
      return (await table.findAll({ where: { joinedTo }, order, transaction })).map(plain);
    },
    async endJoined(joinedTo, state) {
      await table.update({ state }, { where: { joinedTo, state: 'open' }, transaction });
    },
  } satisfies Partial<Uploads>;
}

/** What is to be finished, or has come to its end. */
function sweepsIn(table: Table<UploadRecord>, transaction: Within) {
  return {
    async listSealed() {
      const where = { state: 'open' as const, sealedSha256: { [Op.ne]: null } };
      return (await table.findAll({ where, order: [['id', 'ASC']], transaction })).map(plain);
    },
    async listFilled() {
      const where = {
        state: 'open' as const,
        sealedSha256: null,
        completion: 'itself' as const,
        sizeDeferred: false,
        [Op.and]: literal(
          `(size = 0 OR EXISTS (SELECT 1 FROM extents
            WHERE extents.upload_id = upload.id AND extents.start_byte = 0 AND extents.end_byte = upload.size))`,
        ),
      };
      return (await table.findAll({ where, order: [['id', 'ASC']], transaction })).map(plain);
    },
    async listExpired(before, limit) {
      const where = {
        state: 'open' as const,
        sealedSha256: null,
        joinedTo: null,
        expiresAt: { [Op.lt]: before },
      };
      return (await table.findAll({ where, order: [['expiresAt', 'ASC']], limit, transaction })).map(plain);
    },
  } satisfies Partial<Uploads>;
}
