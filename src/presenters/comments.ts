import type { z } from 'zod';
import type { comment } from '../schemas/comments';
import type { CommentView } from '../services/comments';
import { presentAuthor } from './authors';

/** @param base of links: the public URL, or nothing for links relative to this server */
export function presentComment(view: CommentView, base: string): z.input<typeof comment> {
  const { id, documentId, parentId, authorId, body, html, replyCount } = view.comment;
  const { createdAt, updatedAt, deletedAt } = view.comment;
  return {
    id,
    documentId,
    parentId,
    author: presentAuthor(authorId, view.authors, base),
    ...(deletedAt === null && { body, bodyHtml: html }),
    deleted: deletedAt !== null,
    replyCount,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}
