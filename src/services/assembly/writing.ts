import type { Stores } from '../../models/stores';
import type { Attachments } from '../attachments';
import { Comments } from '../comments';
import { ContentEvents } from '../content-events';
import { ContentUpkeep } from '../content-upkeep';
import { DocumentViews } from '../document-views';
import { Documents, type DocumentLimits } from '../documents';
import type { EventPublisher } from '../events';
import { Markdown } from '../markdown';
import type { Clock } from '../runtime';
import { Trash } from '../trash';

/** What people write about files. */
export interface WritingServices {
  documents: Documents;
  trash: Trash;
  comments: Comments;
  markdown: Markdown;
}

export interface WritingOptions {
  documents: DocumentLimits & {
    /** Bytes of a comment's Markdown. */
    maxCommentBytes: number;
    /** How long deleted documents can be restored. */
    trashMs: number;
    /** How clients reach this server; null when only the request tells. */
    publicUrl: string | null;
  };
}

interface Foundation {
  stores: Stores;
  events: EventPublisher;
  attachments: Attachments;
  now: Clock;
}

/** @returns the upkeep, too, which maintenance does */
export function createWritingServices(
  { documents: limits }: WritingOptions,
  { stores: { sql, content }, events: publisher, attachments, now }: Foundation,
): WritingServices & { upkeep: ContentUpkeep } {
  const events = new ContentEvents(publisher);
  const markdown = new Markdown(limits);
  const views = new DocumentViews({ sql, content, attachments, markdown });
  const documents = new Documents({ sql, content, attachments, views, markdown, events, limits, now });
  const trash = new Trash({ content, attachments, views, events, now });
  const maxBytes = limits.maxCommentBytes;
  return {
    documents,
    trash,
    comments: new Comments({ sql, content, documents, markdown, events, maxBytes, now }),
    markdown,
    upkeep: new ContentUpkeep({ content, trash, trashMs: limits.trashMs, now }),
  };
}
