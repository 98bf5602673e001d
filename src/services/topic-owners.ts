import type { SqlStore } from '../models/sql';
import type { Documents } from './documents';
import type { TopicOwners } from './hub/topic-access';

/** Asks about uploads and documents, for the topics that are of them. */
export function createTopicOwners({
  sql,
  documents,
}: {
  sql: Pick<SqlStore, 'uploads'>;
  documents: Pick<Documents, 'readersOf'>;
}): TopicOwners {
  return {
    ownerOfUpload: async (id) => (await sql.uploads.find(id))?.ownerId ?? null,
    readersOfDocuments: (ids) => documents.readersOf(ids),
  };
}
