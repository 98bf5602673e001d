import { NotFound } from '../errors';
import type { ContentPage, ContentStore } from '../models/content';
import type { Page } from '../models/sql';
import type { Attachments } from './attachments';
import type { ContentEvents } from './content-events';
import type { DocumentView, DocumentViews } from './document-views';
import { PAGE_BYTES } from './page-bytes';
import type { Clock } from './runtime';

/** Documents that are purged in one go. */
const BATCH = 100;

interface TrashOptions {
  content: ContentStore;
  attachments: Attachments;
  views: DocumentViews;
  events: ContentEvents;
  now: Clock;
}

/** Deleted documents, which their authors can restore for a while. */
export class Trash {
  constructor(private readonly options: TrashOptions) {}

  /** The author's, by descending id. */
  async list(authorId: string, page: Page): Promise<ContentPage<DocumentView>> {
    const { content, views } = this.options;
    const { items, next } = await content.documents.listTrash(authorId, { ...page, bytes: PAGE_BYTES });
    return { items: await views.ofMany(items), next };
  }

  /** @throws `NotFound` unless it lies in the trash of the user */
  async restore(authorId: string, id: string): Promise<DocumentView> {
    const { content, views, events } = this.options;
    const trashed = await content.documents.find(id);
    if (trashed?.authorId !== authorId || !(await content.documents.untrash(id))) throw new NotFound();
    const document = await content.documents.find(id);
    if (!document || document.deletedAt) throw new NotFound();
    await events.document('created', document);
    return views.of(document);
  }

  /** For good. @throws `NotFound` unless it lies in the trash of the user */
  async purge(authorId: string, id: string): Promise<void> {
    const { content, attachments, now } = this.options;
    const trashed = await content.documents.find(id);
    // Later than now, because it may have been put there in this very millisecond.
    const purgeable = trashed?.authorId === authorId && trashed.deletedAt;
    if (!purgeable || !(await content.documents.purge(id, new Date(now().getTime() + 1))))
      throw new NotFound();
    await attachments.forget(id);
  }

  /** Purges what has been there since before. @returns how many */
  async purgeOld(before: Date): Promise<number> {
    const { content, attachments } = this.options;
    let count = 0;
    for (const id of await content.documents.listTrashedBefore(before, BATCH)) {
      if (!(await content.documents.purge(id, before))) continue;
      await attachments.forget(id);
      count += 1;
    }
    return count;
  }
}
