import type { z } from 'zod';
import type { VersionSummary } from '../models/content';
import type { FileRecord } from '../models/sql';
import type { document, documentVersion, trashedDocument, versionSummary } from '../schemas/documents';
import type { Authors } from '../services/authors';
import type { DocumentView } from '../services/document-views';
import type { VersionView } from '../services/documents';
import { presentAuthor } from './authors';
import { presentFile } from './files';

/** @param base of links: the public URL, or nothing for links relative to this server */
export function presentDocument(view: DocumentView, base: string): z.input<typeof document> {
  const { id, title, body, html, tags, authorId, attachments, visibility, version } = view.document;
  const { commentCount, createdAt, updatedAt } = view.document;
  return {
    id,
    title,
    body,
    bodyHtml: html,
    tags,
    author: presentAuthor(authorId, view.authors, base),
    attachments: presentAttachments(attachments, view.files, base),
    visibility,
    version,
    commentCount,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

export function presentTrashed(view: DocumentView, base: string): z.input<typeof trashedDocument> {
  const { deletedAt } = view.document;
  return { ...presentDocument(view, base), deletedAt: deletedAt?.toISOString() ?? null };
}

export function presentVersionSummary(
  { version, title, visibility, editorId, changes, updatedAt }: VersionSummary,
  authors: Authors,
  base: string,
): z.input<typeof versionSummary> {
  const editor = presentAuthor(editorId, authors, base);
  return { version, title, visibility, editor, changes, createdAt: updatedAt.toISOString() };
}

export function presentVersion(
  { version, authors, files }: VersionView,
  base: string,
): z.input<typeof documentVersion> {
  const { body, tags, attachments } = version;
  return {
    ...presentVersionSummary(version, authors, base),
    body,
    tags,
    attachments: presentAttachments(attachments, files, base),
  };
}

/** In the author's order; without those that are gone. */
function presentAttachments(ids: string[], files: Map<string, FileRecord>, base: string) {
  return ids.flatMap((id) => {
    const file = files.get(id);
    return file ? [presentFile(file, base)] : [];
  });
}
