import Sqlite from 'better-sqlite3';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { ContentStore, DocumentQuery } from '../../src/models/content';
import { openSqlContent } from '../../src/models/content/sql';
import { openSqlStore, type OpenSqlStore } from '../../src/models/sql/open';
import { aChange, aComment, aDocument, at } from '../contract/content/records';

/** More than a search takes for few: see the form for SQL. */
const COMMON = 1001;

let folder: string;
let sql: OpenSqlStore;
let store: ContentStore;
let native: Sqlite.Database;
let statements: string[];

const document = aDocument({ authorId: 'author' });
const comment = aComment(document);

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'ferry-plans-'));
  const file = path.join(folder, 'ferry.sqlite');
  sql = await openSqlStore({ url: null, file });
  await sql.migrate();
  store = openSqlContent(sql.connection);
  native = new Sqlite(file);
  await store.documents.insert(document);
  await store.comments.insert(comment);
  const insert = native.prepare('INSERT INTO document_terms (document_id, term) VALUES (?, ?)');
  native.pragma('foreign_keys = OFF');
  native.transaction(() => {
    for (let index = 0; index < COMMON; index += 1)
      for (const term of ['ferry', 'ferryman', '渡口', '#river', `many${index % 9}`])
        insert.run(`0${index}`, term);
  })();
  const { options } = sql.connection.sequelize as unknown as {
    options: { logging: (line: string) => void };
  };
  options.logging = (line) => {
    statements.push(line.replace(/^Executing \([^)]*\): /, ''));
  };
});

beforeEach(() => {
  statements = [];
});

afterAll(async () => {
  native.close();
  await sql.close();
  await rm(folder, { recursive: true });
});

/** How SQLite finds the rows of every statement of a call, e.g. `SEARCH t USING INDEX …`. */
async function plansOf(call: () => Promise<unknown>): Promise<string[]> {
  await call();
  return statements
    .filter((line) => /^(?:SELECT|UPDATE|DELETE)/.test(line))
    .flatMap((line) => {
      // Parameters stand in names that nothing else has; what they are changes no plan.
      const explained = native.prepare(`EXPLAIN QUERY PLAN ${line.replace(/\$(?:\w+)/g, "'x'")}`).all();
      return (explained as { detail: string }[]).map(({ detail }) => detail);
    });
}

const list = (query: Partial<DocumentQuery>) => () =>
  store.documents.list({ viewerId: null, limit: 20, bytes: 1e6, before: null, ...query });

type Row = [what: string, call: () => Promise<unknown>, indexes: string[]];

const EVERYBODYS = 'documents_visibility_deleted_at_id';
const OF_AUTHOR = 'documents_author_id_visibility_deleted_at_id';
const OF_TERM = 'document_terms_term_document_id';
const OF_THREAD = 'comments_document_id_parent_id_id';
const page = { limit: 20, bytes: 1e6 };

const rows: Row[] = [
  ['the newest', list({}), [EVERYBODYS]],
  ['the newest and the own', list({ viewerId: 'author' }), [EVERYBODYS, OF_AUTHOR]],
  ['a later page', list({ before: 'm' }), [EVERYBODYS]],
  ["an author's", list({ authorId: 'author' }), [OF_AUTHOR]],
  ['the own', list({ authorId: 'author', viewerId: 'author' }), [OF_AUTHOR]],
  ['a rare tag', list({ tag: 'one' }), [OF_TERM]],
  ['a common tag', list({ tag: 'river' }), [OF_TERM]],
  ['a common tag of an author', list({ tag: 'river', authorId: 'author' }), [OF_TERM, OF_AUTHOR]],
  ['a rare word', list({ q: 'text' }), [OF_TERM]],
  ['a common word', list({ q: 'ferry' }), [OF_TERM]],
  ['a common word of an author', list({ q: 'ferry', authorId: 'author' }), [OF_TERM, OF_AUTHOR]],
  ['common Chinese', list({ q: '渡口' }), [OF_TERM]],
  ['several common words', list({ q: 'ferry 渡口', before: 'm' }), [OF_TERM]],
  ['a beginning of many common words', list({ q: 'many' }), [OF_TERM, EVERYBODYS]],
  ['the trash', () => store.documents.listTrash('author', { ...page, before: null }), [OF_AUTHOR]],
  ['what is to be purged', () => store.documents.listTrashedBefore(at(1), 10), ['documents_deleted_at']],
  ['a document', () => store.documents.find(document.id), ['sqlite_autoindex_documents_1']],
  ['versions', () => store.documents.listVersions(document.id, { limit: 20, before: 9 }), []],
  ['comments', () => store.comments.list(document.id, null, { ...page, after: null }), [OF_THREAD]],
  [
    'replies, from the middle',
    () => store.comments.list(document.id, comment.id, { ...page, after: 'a' }),
    [OF_THREAD],
  ],
  ['a new comment', () => store.comments.insert(aComment(document)), ['sqlite_autoindex_documents_1']],
  ['an edit', () => store.documents.update(document.id, 1, aChange(document, { body: 'b' }), 9), []],
  ['a deletion', () => store.comments.delete(comment.id, 1, at(1)), ['sqlite_autoindex_comments_1']],
];

describe('the indexes of the document store answer', () => {
  it.each(rows)('%s, without looking at other rows', async (_what, call, indexes) => {
    const plans = await plansOf(call);
    expect(plans).not.toEqual([]);
    expect(plans.filter((plan) => plan.startsWith('SCAN'))).toEqual([]);
    for (const index of indexes) expect(plans).toContainEqual(expect.stringContaining(`INDEX ${index} `));
  });

  it.each(rows.slice(0, 5))('%s, in order', async (_what, call) => {
    expect((await plansOf(call)).filter((plan) => plan.includes('ORDER BY'))).toEqual([]);
  });
});
