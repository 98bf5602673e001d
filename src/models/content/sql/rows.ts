import type { DocumentField, DocumentRecord, DocumentSummary, VersionRecord } from '..';
import type { DocumentRow, TextRow, VersionRow } from './tables';

const list = <T extends string>(packed: string) => JSON.parse(packed) as T[];

interface Lists {
  tags: string[];
  attachments: string[];
  changes: DocumentField[];
}

/** The same with its lists as JSON. */
export function packed<T extends Lists>(record: T): Omit<T, keyof Lists> & Record<keyof Lists, string> {
  const { tags, attachments, changes, ...rest } = record;
  return {
    ...rest,
    tags: JSON.stringify(tags),
    attachments: JSON.stringify(attachments),
    changes: JSON.stringify(changes),
  };
}

function unpacked<T extends Record<keyof Lists, string>>(row: T): Omit<T, keyof Lists> & Lists {
  const { tags, attachments, changes, ...rest } = row;
  return { ...rest, tags: list(tags), attachments: list(attachments), changes: list(changes) };
}

export function documentOf(row: DocumentRow, { body, html, renderer }: TextRow): DocumentRecord {
  return { ...unpacked(row), body, html, renderer };
}

export function summaryOf(row: DocumentRow): DocumentSummary {
  const { id, authorId, title, visibility, attachments, version, deletedAt } = unpacked(row);
  return { id, authorId, title, visibility, attachments, version, deletedAt };
}

export function versionOf(row: VersionRow): VersionRecord {
  const { version, title, body, tags, attachments, visibility, editorId, changes, updatedAt } = unpacked(row);
  return { version, title, body, tags, attachments, visibility, editorId, changes, updatedAt };
}
