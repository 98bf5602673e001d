/** Documents and comments in bulk, past the methods of the store, which would write them one by one. */
import type { Sequelize } from 'sequelize';
import type { CommentRecord, DocumentRecord } from '../src/models/content';
import { packed } from '../src/models/content/sql/rows';
import { defineContent } from '../src/models/content/sql/tables';
import { searchTerms } from '../src/models/content/terms';
import type { Table } from '../src/models/sql/table';

const BATCH = 1000;
/** Rows of one statement. */
const ROWS = 2000;
const AUTHORS = 100;
const STARTED = Date.UTC(2026, 0, 1);
const VOCABULARY = Array.from({ length: 5000 }, (_, index) => `word${index.toString(36)}`);

/** So many comments are on the document `id(0)`. */
export const LONG_THREAD = 5000;
const COMMENTS_EACH = 10;

/** Ids that ascend, the ids of comments apart from those of documents. */
export const id = (index: number): string => `d${index.toString().padStart(9, '0')}`;
const commentId = (index: number): string => `c${index.toString().padStart(9, '0')}`;
export const author = (index: number): string => `author${index % AUTHORS}`;

/** Words by how many documents have them: see the rows of documents.ts. */
function bodyOf(index: number, count: number): string {
  const words = ['ferry', index % 2 === 0 ? 'eastbank' : 'westbank'];
  for (let at = 0; at < 12; at += 1) {
    // The first words of the vocabulary are in many documents, the last ones in few.
    const position = Math.floor(VOCABULARY.length * (((index * 7919 + at * 104_729) % 10_007) / 10_007) ** 3);
    words.push(VOCABULARY[position] ?? '');
  }
  if (index % (count / 10) === 7) words.push('lighthouse');
  if (index % 10 === 3) words.push('渡口的早晨');
  if (index < count / 20) words.push('steamer 汽船');
  return words.join(' ');
}

function documentAt(index: number, count: number): DocumentRecord {
  const body = bodyOf(index, count);
  const at = new Date(STARTED + index * 1000);
  return {
    id: id(index),
    authorId: author(index),
    title: `Document ${index}`,
    body,
    tags: [index % 10 === 0 ? 'river' : `tag${index % 1000}`],
    attachments: [],
    visibility: index % 10 === 5 ? 'private' : 'public',
    version: 1,
    editorId: author(index),
    changes: ['title', 'body'],
    commentCount: index === 0 ? LONG_THREAD : COMMENTS_EACH,
    html: `<p>${body}</p>\n`,
    renderer: 1,
    createdAt: at,
    updatedAt: at,
    deletedAt: null,
  };
}

export function commentAt(index: number, documentId: string): CommentRecord {
  const at = new Date(STARTED + index * 100);
  return {
    id: commentId(index),
    documentId,
    parentId: null,
    authorId: author(index),
    body: `A remark, number ${index}.`,
    html: `<p>A remark, number ${index}.</p>\n`,
    renderer: 1,
    version: 1,
    replyCount: 0,
    createdAt: at,
    updatedAt: at,
    deletedAt: null,
  };
}

/** Without the texts, which lie in a table of their own. */
function rowOf({ id, authorId, version, title, tags, ...rest }: DocumentRecord) {
  const { attachments, visibility, editorId, changes, updatedAt, commentCount, createdAt, deletedAt } = rest;
  return packed({
    ...{ id, authorId, version, title, tags, attachments, visibility, editorId, changes },
    ...{ updatedAt, commentCount, createdAt, deletedAt },
  });
}

async function insert<Row extends object>(table: Table<Row>, rows: Row[]): Promise<void> {
  const attributes: Record<string, { field?: string }> = table.getAttributes();
  const names = new Map(Object.entries(attributes).map(([name, { field }]) => [name, field ?? name]));
  const columns = (row: Row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [names.get(name) ?? name, value as unknown]),
    );
  const queries = (table.sequelize as Sequelize).getQueryInterface();
  for (let from = 0; from < rows.length; from += ROWS)
    await queries.bulkInsert(table.getTableName(), rows.slice(from, from + ROWS).map(columns));
}

/**
 * Fills empty tables with documents, and with ten times as many comments.
 * @param count of documents
 */
export async function fill(sequelize: Sequelize, count: number): Promise<void> {
  const { documents, texts, terms, comments } = defineContent(sequelize);
  let commented = 0;
  for (let from = 0; from < count; from += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, count - from) }, (_, at) =>
      documentAt(from + at, count),
    );
    await insert(documents, batch.map(rowOf));
    await insert(
      texts,
      batch.map(({ id: documentId, version, body, html, renderer }) => ({
        ...{ documentId, version, body, html, renderer },
      })),
    );
    await insert(
      terms,
      batch.flatMap((one) => [...searchTerms(one)].map((term) => ({ documentId: one.id, term }))),
    );
    const thread = batch.flatMap((one) =>
      Array.from({ length: one.commentCount }, () => commentAt(commented++, one.id)),
    );
    await insert(comments, thread);
  }
}
