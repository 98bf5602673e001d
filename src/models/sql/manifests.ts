import { DataTypes, type Sequelize } from 'sequelize';
import type { ManifestRecord, Manifests } from '.';
import { columns, plain, type Table, type Within } from './table';

/** Digits of a SHA-256 in hexadecimal. */
const DIGEST_LENGTH = 64;

/** The digests lie in one column, one after the other. */
type ManifestRow = Omit<ManifestRecord, 'pieces'> & { digests: string };

export function defineManifests(sequelize: Sequelize): Table<ManifestRow> {
  return sequelize.define('manifest', {
    sha256: { type: columns.digest(), primaryKey: true },
    pieceSize: columns.bytes(),
    digests: DataTypes.TEXT,
  });
}

export function manifestsIn(table: Table<ManifestRow>, transaction: Within): Manifests {
  return {
    async find(sha256) {
      const found = await table.findByPk(sha256, { transaction });
      if (!found) return null;
      const { digests, pieceSize } = plain(found);
      const pieces: string[] = [];
      for (let at = 0; at < digests.length; at += DIGEST_LENGTH)
        pieces.push(digests.slice(at, at + DIGEST_LENGTH));
      return { sha256, pieceSize, pieces };
    },
    async insert({ sha256, pieceSize, pieces }) {
      const row = { sha256, pieceSize, digests: pieces.join('') };
      await table.bulkCreate([row], { ignoreDuplicates: true, transaction });
    },
  };
}
