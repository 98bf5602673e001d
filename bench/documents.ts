import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { ContentStore, DocumentQuery } from '../src/models/content';
import { openSqlContent } from '../src/models/content/sql';
import { openSqlStore } from '../src/models/sql/open';
import { author, commentAt, fill, id } from './documents-data';
import { median } from './measure';

const SIZES = { small: 1000, large: 100_000 };
const ROUNDS = 31;
const PAGE_BYTES = 2 * 1024 * 1024;

interface Filled {
  store: ContentStore;
  /** Of its documents. */
  count: number;
  /** Counts what the measurements themselves write. */
  written: number;
  close: () => Promise<void>;
}

type Row = [what: string, run: (filled: Filled) => Promise<unknown>];

const list =
  (query: Partial<DocumentQuery>) =>
  ({ store }: Filled) =>
    store.documents.list({ viewerId: null, limit: 20, before: null, bytes: PAGE_BYTES, ...query });

const rows: Row[] = [
  ['list: newest, anybody', list({})],
  ['list: newest, a user with documents of their own', list({ viewerId: author(5) })],
  ['list: from the middle', (filled) => list({ before: id(filled.count / 2) })(filled)],
  ['list: own documents', list({ viewerId: author(5), authorId: author(5) })],
  ["list: another's documents, public ones", list({ authorId: author(6) })],
  ["list: another's documents, all private", list({ authorId: author(5) })],
  ['list: a tag that a tenth has', list({ tag: 'river' })],
  ['list: a tag that few have', list({ tag: 'tag77' })],
  ['list: a tag and an author', list({ tag: 'river', authorId: author(10) })],
  ['search: word in every document', list({ q: 'ferry' })],
  ['search: word in 10 documents', list({ q: 'lighthouse' })],
  ['search: beginning of a word, in 10', list({ q: 'lightho' })],
  ['search: beginning of many words', list({ q: 'wor' })],
  ['search: absent word', list({ q: 'submarine' })],
  ['search: two words in every second, never both', list({ q: 'eastbank westbank' })],
  ['search: word in the oldest twentieth', list({ q: 'steamer' })],
  ['search: word in private documents, mostly', list({ q: 'word3', authorId: author(5) })],
  ['search: Chinese, two characters, in a tenth', list({ q: '渡口' })],
  ['search: Chinese, one character, in a tenth', list({ q: '早' })],
  ['search: Chinese phrase, in a tenth', list({ q: '渡口的早晨' })],
  ['search: Chinese phrase of which only the pairs occur', list({ q: '口的早渡口' })],
  ['search: Chinese in the oldest twentieth', list({ q: '汽船' })],
  ['read a document', ({ store, count }) => store.documents.find(id(count / 2))],
  [
    'comments: first page of 5000',
    ({ store }) => store.comments.list(id(0), null, { limit: 20, after: null, bytes: PAGE_BYTES }),
  ],
  [
    'comments: from the middle of 5000',
    ({ store }) => store.comments.list(id(0), null, { limit: 20, after: 'c000002500', bytes: PAGE_BYTES }),
  ],
  [
    'write a comment',
    (filled) => filled.store.comments.insert(commentAt(900_000_000 + (filled.written += 1), id(0))),
  ],
  ['edit a document', edit],
];

async function edit({ store, count }: Filled): Promise<void> {
  const found = await store.documents.find(id(count / 2 + 1));
  if (!found) throw new Error('the document is missing');
  const { title, tags, attachments, visibility, html, renderer, editorId, updatedAt, version } = found;
  const body = `${found.body.slice(0, 100)} edited${version}`;
  const change = { title, body, tags, attachments, visibility, html, renderer, editorId, updatedAt };
  await store.documents.update(found.id, version, { ...change, changes: ['body'] }, 100);
}

async function open(folder: string, count: number): Promise<Filled> {
  const sql = await openSqlStore({ url: null, file: path.join(folder, `${count}.sqlite`) });
  await sql.migrate();
  await fill(sql.connection.sequelize, count);
  return { store: openSqlContent(sql.connection), count, written: 0, close: () => sql.close() };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

/** The calls of the document store on a thousand documents and on a hundred times as many, in turn. */
export async function benchDocuments(): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'ferry-bench-'));
  const opened: Filled[] = [];
  try {
    const small = await open(folder, SIZES.small);
    opened.push(small);
    const large = await open(folder, SIZES.large);
    opened.push(large);
    const lines: string[] = [];
    for (const [what, run] of rows) {
      const times: [number[], number[]] = [[], []];
      for (let round = 0; round < ROUNDS; round += 1) {
        times[0].push(await timed(() => run(small)));
        times[1].push(await timed(() => run(large)));
      }
      const [at1k, at100k] = [median(times[0]), median(times[1])];
      lines.push(
        `| ${what} | ${at1k.toFixed(1)} ms | ${at100k.toFixed(1)} ms | ${(at100k / at1k).toFixed(1)} |`,
      );
    }
    return [
      '| call | 1,000 documents | 100,000 documents | growth |',
      '| --- | --- | --- | --- |',
      ...lines,
    ].join('\n');
  } finally {
    for (const { close } of opened) await close();
    await rm(folder, { recursive: true, force: true });
  }
}
