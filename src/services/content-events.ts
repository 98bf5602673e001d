import type { CommentRecord, DocumentRecord } from '../models/content';
import type { ContentChange, EventPublisher } from './events';

/**
 * What happens to documents and comments, told after it has been committed. Events name things and bring no
 * text: whoever hears of them reads them as far as they may.
 */
export class ContentEvents {
  constructor(private readonly events: EventPublisher) {}

  /** On the document's own topic, and for a public one among all documents. */
  async document(change: ContentChange, document: DocumentRecord): Promise<void> {
    await this.events.publish(`document:${document.id}`, `document.${change}`, dataOf(document));
    if (document.visibility === 'public') {
      await this.events.publish('documents', `document.${change}`, dataOf(document));
    }
  }

  /** For those who follow all public documents, one that is shown comes, and one that is hidden goes. */
  async edited(before: DocumentRecord, after: DocumentRecord): Promise<void> {
    await this.document(
      'updated',
      after.visibility === before.visibility ? after : { ...after, visibility: 'private' },
    );
    if (after.visibility === before.visibility) return;
    const seen = after.visibility === 'public' ? 'created' : 'deleted';
    await this.events.publish('documents', `document.${seen}`, dataOf(after));
  }

  async comment(change: ContentChange, { id, documentId, parentId }: CommentRecord): Promise<void> {
    const data = { documentId, commentId: id, parentId };
    await this.events.publish(`document:${documentId}`, `comment.${change}`, data);
  }

  /** Tells users that a comment mentions them. */
  async mention(change: 'created' | 'updated', comment: CommentRecord, userIds: string[]): Promise<void> {
    const { id, documentId, parentId, authorId } = comment;
    const data = { documentId, commentId: id, parentId, authorId, mention: true };
    for (const userId of userIds) await this.events.publish(`user:${userId}`, `comment.${change}`, data);
  }
}

function dataOf({ id, version }: DocumentRecord): object {
  return { documentId: id, version };
}
