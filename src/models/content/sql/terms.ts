import { searchTerms } from '../terms';
import type { Within } from '../../sql/table';
import type { ContentTables, TermRow } from './tables';

const ROWS_AT_ONCE = 500;

interface Words {
  title: string;
  body: string;
  tags: string[];
}

/** Brings the terms of a document up to date: only those that came or went are written. */
export async function writeTerms(
  terms: ContentTables['terms'],
  documentId: string,
  { before, after }: { before: Words | null; after: Words },
  transaction: Within,
): Promise<void> {
  const old = before ? searchTerms(before) : new Set<string>();
  const now = searchTerms(after);
  const gone = [...old].filter((term) => !now.has(term));
  const come = [...now].filter((term) => !old.has(term));
  for (const term of batches(gone)) await terms.destroy({ where: { documentId, term }, transaction });
  for (const batch of batches(come)) {
    const rows: TermRow[] = batch.map((term) => ({ documentId, term }));
    await terms.bulkCreate(rows, { transaction });
  }
}

function batches<T>(items: T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / ROWS_AT_ONCE) }, (_, index) =>
    items.slice(index * ROWS_AT_ONCE, (index + 1) * ROWS_AT_ONCE),
  );
}
