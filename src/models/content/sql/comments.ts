import { literal, Op, type Sequelize } from 'sequelize';
import type { CommentRecord, Comments } from '..';
import { NotFound } from '../../../errors';
import { plain, plainOrNull, type Within } from '../../sql/table';
import { countWithin } from '../reading';
import { TEXT_BYTES } from './reader';
import type { ContentTables } from './tables';

/** Every change of a thread holds the row of its document first, so that counts are those of what is there. */
export function sqlComments(sequelize: Sequelize, tables: ContentTables): Comments {
  const thread = threadOf(tables);
  return { ...threading(sequelize, tables, thread), ...reading(sequelize, tables) };
}

type Thread = ReturnType<typeof threadOf>;

/** What the changes of a thread consist of. */
function threadOf({ documents, comments }: ContentTables) {
  async function countComment(documentId: string, by: 1 | -1, transaction: Within): Promise<boolean> {
    const values = { commentCount: literal(`comment_count + ${by}`) };
    const where = { id: documentId, ...(by === 1 && { deletedAt: null }) };
    const [count] = await documents.update(values, { where, transaction });
    return count > 0;
  }

  async function countReply(id: string, by: 1 | -1, transaction: Within): Promise<void> {
    await comments.update({ replyCount: literal(`reply_count + ${by}`) }, { where: { id }, transaction });
  }

  /** Removes a comment that nobody sees any more, and then those above it that stayed only for its sake. */
  async function remove({ id, parentId }: CommentRecord, transaction: Within): Promise<void> {
    await comments.destroy({ where: { id }, transaction });
    if (parentId === null) return;
    await countReply(parentId, -1, transaction);
    const parent = plainOrNull(await comments.findByPk(parentId, { transaction }));
    if (parent?.deletedAt && parent.replyCount === 0) await remove(parent, transaction);
  }

  return { countComment, countReply, remove };
}

function threading(
  sequelize: Sequelize,
  { comments }: ContentTables,
  { countComment, countReply, remove }: Thread,
): Pick<Comments, 'insert' | 'delete'> {
  return {
    insert: (comment) =>
      sequelize.transaction(async (transaction) => {
        const { documentId, parentId } = comment;
        if (!(await countComment(documentId, 1, transaction))) throw new NotFound();
        if (parentId !== null) {
          const where = { id: parentId, documentId, deletedAt: null };
          const parents = await comments.count({ where, transaction });
          if (parents === 0) throw new NotFound('There is no such comment to reply to.');
          await countReply(parentId, 1, transaction);
        }
        await comments.create(comment, { transaction });
      }),

    async delete(id, version, at) {
      const documentId = plainOrNull(await comments.findByPk(id))?.documentId;
      if (documentId === undefined) return false;
      return sequelize.transaction(async (transaction) => {
        await countComment(documentId, -1, transaction);
        const comment = plainOrNull(
          await comments.findOne({ where: { id, version, deletedAt: null }, transaction }),
        );
        if (!comment) {
          await countComment(documentId, 1, transaction);
          return false;
        }
        if (comment.replyCount === 0) {
          await remove(comment, transaction);
          return true;
        }
        const values = { body: '', html: '', version: version + 1, deletedAt: at };
        await comments.update(values, { where: { id }, transaction });
        return true;
      });
    },
  };
}

function reading(sequelize: Sequelize, { comments }: ContentTables): Omit<Comments, 'insert' | 'delete'> {
  return {
    async find(id) {
      return plainOrNull(await comments.findByPk(id));
    },

    async list(documentId, parentId, { limit, after, bytes }) {
      const where = { documentId, parentId, ...(after !== null && { id: { [Op.gt]: after } }) };
      const found = await comments.findAll({
        attributes: ['id', [TEXT_BYTES, 'bytes']],
        where,
        order: [['id', 'ASC']],
        limit: limit + 1,
      });
      const sizes = found.slice(0, limit).map((row) => row.get('bytes') as number);
      const ids = found.slice(0, countWithin(sizes, bytes)).map((row) => plain(row).id);
      const rows = await comments.findAll({ where: { id: ids }, order: [['id', 'ASC']] });
      return { items: rows.map(plain), next: ids.length < found.length ? (ids.at(-1) ?? null) : null };
    },

    update: (id, version, change) =>
      sequelize.transaction(async (transaction) => {
        const values = { ...change, version: version + 1 };
        const [count] = await comments.update(values, {
          where: { id, version, deletedAt: null },
          transaction,
        });
        return count === 0 ? null : plainOrNull(await comments.findByPk(id, { transaction }));
      }),

    async keepRendering(id, version, { html, renderer }) {
      await comments.update({ html, renderer }, { where: { id, version, deletedAt: null } });
    },
  };
}
