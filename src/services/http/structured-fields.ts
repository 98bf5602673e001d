/** RFC 8941 §3.3. */
type BareItem =
  | { type: 'integer' | 'decimal'; value: number }
  | { type: 'string' | 'token'; value: string }
  | { type: 'bytes'; value: Buffer }
  | { type: 'boolean'; value: boolean };

type Parameters = Map<string, BareItem>;

export interface Item {
  item: BareItem;
  parameters: Parameters;
}

/** RFC 8941 §3.1.1. */
interface InnerList {
  items: Item[];
  parameters: Parameters;
}

/** Members in the order sent; of a key that is repeated, the last value. */
export type Dictionary = Map<string, Item | InnerList>;

/** The value does not follow the grammar; never leaves this file. */
class Malformed extends Error {}

const KEY = /[a-z*][a-z0-9_\-.*]*/y;
const NUMBER = /-?\d+(?:\.\d*)?/y;
const STRING = /"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"/y;
const TOKEN = /[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*/y;
const BYTES = /:([A-Za-z0-9+/=]*):/y;
const BOOLEAN = /\?([01])/y;

/** A place in the text that moves forward only. */
class Cursor {
  private index = 0;

  constructor(private readonly text: string) {}

  peek(): string {
    return this.text.charAt(this.index);
  }

  isAtEnd(): boolean {
    return this.index >= this.text.length;
  }

  /** Steps over the character when it is the next one. */
  accept(char: string): boolean {
    if (this.peek() !== char) return false;
    this.index += 1;
    return true;
  }

  skip(chars: string): void {
    while (!this.isAtEnd() && chars.includes(this.peek())) this.index += 1;
  }

  /** Steps over what a sticky pattern matches here, and gives its first group, or all of it. */
  take(pattern: RegExp): string {
    pattern.lastIndex = this.index;
    const match = pattern.exec(this.text);
    if (!match) throw new Malformed();
    this.index += match[0].length;
    return match[1] ?? match[0];
  }
}

/** RFC 8941 §4.2.4: 15 digits, or 12 and up to 3 after the point. */
function parseNumber(cursor: Cursor): BareItem {
  const text = cursor.take(NUMBER);
  if (/^-?\d{1,15}$/.test(text)) return { type: 'integer', value: Number(text) };
  if (/^-?\d{1,12}\.\d{1,3}$/.test(text)) return { type: 'decimal', value: Number(text) };
  throw new Malformed();
}

/** RFC 8941 §4.2.7. Padding may be left out, as the section asks of parsers, but what there is must be right. */
function parseBytes(cursor: Cursor): BareItem {
  const text = cursor.take(BYTES);
  const digits = text.replace(/={1,2}$/, '');
  const isPadded = digits.length !== text.length;
  if (digits.includes('=') || digits.length % 4 === 1 || (isPadded && text.length % 4 !== 0))
    throw new Malformed();
  return { type: 'bytes', value: Buffer.from(digits, 'base64') };
}

/** RFC 8941 §4.2.3.1. */
function parseBareItem(cursor: Cursor): BareItem {
  const next = cursor.peek();
  if (next === '"') return { type: 'string', value: cursor.take(STRING).replace(/\\(.)/g, '$1') };
  if (next === ':') return parseBytes(cursor);
  if (next === '?') return { type: 'boolean', value: cursor.take(BOOLEAN) === '1' };
  if (/^[-\d]$/.test(next)) return parseNumber(cursor);
  return { type: 'token', value: cursor.take(TOKEN) };
}

/** RFC 8941 §4.2.3.2. */
function parseParameters(cursor: Cursor): Parameters {
  const parameters: Parameters = new Map();
  while (cursor.accept(';')) {
    cursor.skip(' ');
    const key = cursor.take(KEY);
    parameters.set(key, cursor.accept('=') ? parseBareItem(cursor) : { type: 'boolean', value: true });
  }
  return parameters;
}

function parseOneItem(cursor: Cursor): Item {
  const item = parseBareItem(cursor);
  return { item, parameters: parseParameters(cursor) };
}

/** RFC 8941 §4.2.1.2, after the opening bracket. */
function parseInnerList(cursor: Cursor): InnerList {
  const items: Item[] = [];
  for (;;) {
    cursor.skip(' ');
    if (cursor.accept(')')) return { items, parameters: parseParameters(cursor) };
    items.push(parseOneItem(cursor));
    if (cursor.peek() !== ' ' && cursor.peek() !== ')') throw new Malformed();
  }
}

function parseMember(cursor: Cursor): Item | InnerList {
  if (!cursor.accept('='))
    return { item: { type: 'boolean', value: true }, parameters: parseParameters(cursor) };
  return cursor.accept('(') ? parseInnerList(cursor) : parseOneItem(cursor);
}

/** RFC 8941 §4.2.2. */
function parseMembers(cursor: Cursor): Dictionary {
  const members: Dictionary = new Map();
  while (!cursor.isAtEnd()) {
    const key = cursor.take(KEY);
    members.set(key, parseMember(cursor));
    cursor.skip(' \t');
    if (cursor.isAtEnd()) break;
    if (!cursor.accept(',')) throw new Malformed();
    cursor.skip(' \t');
    if (cursor.isAtEnd()) throw new Malformed();
  }
  return members;
}

/** RFC 8941 §4.2: the whole text, or nothing of it. */
function parseAll<T>(lines: readonly string[], parse: (cursor: Cursor) => T): T | null {
  const cursor = new Cursor(lines.join(', '));
  try {
    cursor.skip(' ');
    const value = parse(cursor);
    cursor.skip(' ');
    return cursor.isAtEnd() ? value : null;
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
}

/** Reads a field that is a Dictionary (RFC 8941 §4.2.2), strictly. @returns null when it is malformed */
export function parseDictionary(lines: readonly string[]): Dictionary | null {
  return parseAll(lines, parseMembers);
}

/** Reads a field that is a single Item (RFC 8941 §4.2.3), strictly. @returns null when it is malformed */
export function parseItem(lines: readonly string[]): Item | null {
  return parseAll(lines, parseOneItem);
}
