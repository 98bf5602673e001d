/** A document is found by so many different words; what comes after them is not. The title comes first. */
const MOST_TERMS = 10_000;
const MOST_QUERY_TERMS = 16;
/** Characters; longer words are cut off, in documents and in queries alike. */
const LONGEST_TERM = 32;
const LONGEST_TAG = 60;

/** Runs without spaces between words, and words. */
const RUNS =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]+|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}])[\p{L}\p{N}\p{M}])+/gu;
const UNSPACED = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;

/** A term that documents have to have: exactly this one, or any that begins with it. */
export interface QueryTerm {
  text: string;
  prefix: boolean;
}

/** What all letters that are one letter to a reader have in common: case, width, composition. */
function folded(text: string): string {
  return text.normalize('NFKC').toLowerCase().normalize('NFKC');
}

/** Code points, so that no pair of surrogates is split. */
function charactersOf(text: string): string[] {
  return Array.from(text);
}

function cut(word: string): string {
  return word.length <= LONGEST_TERM ? word : charactersOf(word).slice(0, LONGEST_TERM).join('');
}

/** Pairs of neighbours, and the last one alone, so that any single one begins some term. */
function pairsOf(run: string): string[] {
  const characters = charactersOf(run);
  return characters.map((character, index) => character + (characters[index + 1] ?? ''));
}

/** The term of a tag. No word begins like it. Folded, some characters become many. */
function tagTerm(tag: string): string {
  return `#${charactersOf(folded(tag).trim()).slice(0, LONGEST_TAG).join('')}`;
}

/**
 * By what a document is found: its words, pairs of neighbouring characters where a language puts no spaces between
 * words (Chinese, Japanese), and its tags. The same for every form of the store.
 */
export function searchTerms({
  title,
  body,
  tags,
}: {
  title: string;
  body: string;
  tags: string[];
}): Set<string> {
  const terms = new Set(tags.map(tagTerm));
  for (const text of [title, body]) {
    for (const [run] of folded(text).matchAll(RUNS)) {
      if (UNSPACED.test(run)) for (const pair of pairsOf(run)) terms.add(pair);
      else terms.add(cut(run));
      if (terms.size >= MOST_TERMS) return terms;
    }
  }
  return terms;
}

/**
 * What a document has to have to be found. Words are literal, whatever signs stand between them, and may be
 * cut short: `fer` finds `ferry`. Of Chinese any part is found, from one character on.
 * @returns null when nothing can match, because there is a query without any word
 */
export function queryTerms({
  q,
  tag,
}: {
  q?: string | undefined;
  tag?: string | undefined;
}): QueryTerm[] | null {
  const terms = new Map<string, QueryTerm>();
  const add = (text: string, prefix: boolean) => terms.set(text, { text, prefix });
  if (tag !== undefined) add(tagTerm(tag), false);
  if (q === undefined) return [...terms.values()];
  const runs = [...folded(q).matchAll(RUNS)].map(([run]) => run);
  if (runs.length === 0) return null;
  for (const run of runs) {
    const pairs = UNSPACED.test(run) ? pairsOf(run) : [];
    if (pairs.length < 2) add(cut(run), true);
    else for (const pair of pairs.slice(0, -1)) add(pair, false);
  }
  return [...terms.values()].slice(0, MOST_QUERY_TERMS);
}

/**
 * Tells documents that have all pairs of a phrase, but not in a row, from those that have it.
 * @returns null when the terms alone decide
 */
export function phraseFilter(
  q: string | undefined,
): ((document: { title: string; body: string }) => boolean) | null {
  const phrases = [...folded(q ?? '').matchAll(RUNS)]
    .map(([run]) => run)
    .filter((run) => UNSPACED.test(run) && charactersOf(run).length > 2);
  if (phrases.length === 0) return null;
  return ({ title, body }) => {
    const texts = [folded(title), folded(body)];
    return phrases.every((phrase) => texts.some((text) => text.includes(phrase)));
  };
}
