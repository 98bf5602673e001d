import { addIndex, removeIndex, type Migration } from './schema';

/** Lists pass over neither what is in the trash nor what others may not see. */
export const contentLists: Migration = {
  name: '0009-content-lists',
  async up(context) {
    await addIndex(context, 'documents', ['visibility', 'deleted_at', 'id']);
    await addIndex(context, 'documents', ['author_id', 'visibility', 'deleted_at', 'id']);
    await removeIndex(context, 'documents', ['visibility', 'id']);
    await removeIndex(context, 'documents', ['author_id', 'id']);
  },
};
