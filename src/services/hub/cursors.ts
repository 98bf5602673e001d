import { createHash } from 'node:crypto';

/** What clients may send back in `Last-Event-ID` from another origin without asking first (Fetch §2.2.2). */
const FORM = /^[A-Za-z0-9._-]{1,128}$/;
/** Base64url of so many bytes has 128 characters. */
const MOST_BYTES = 96;
const FINGERPRINT_BYTES = 4;
const EPOCH_BYTES = 6;
const KEY_BYTES = 12;

/** The first byte, which also says how the rest is to be read. */
const WHOLE = 1;
const REFERENCE = 2;

/** A place in the history of one topic, as a cursor names it. */
export interface Mark {
  /** Of the topic's name. */
  topic: number;
  /** Hexadecimal digits that stand for the epoch. */
  epoch: string;
  offset: number;
}

/**
 * Places in several topics at once. Where they fit they stand in the cursor itself; otherwise it names a list of marks
 * that is kept here, and the offsets that differ from it by the place in the list.
 */
export type Cursor =
  | { kind: 'whole'; marks: Mark[] }
  | { kind: 'reference'; key: string; changes: [index: number, offset: number][] };

/** Whether the text could be a cursor of ours at all. */
export function isCursorText(text: string): boolean {
  return FORM.test(text);
}

/** A number by which cursors tell the topics of one client apart. */
export function topicFingerprint(topic: string): number {
  return createHash('sha256').update(topic).digest().readUInt32BE(0);
}

/** What stands for an epoch, whatever it looks like. */
export function epochFingerprint(epoch: string): string {
  return createHash('sha256')
    .update(epoch)
    .digest('hex')
    .slice(0, 2 * EPOCH_BYTES);
}

/** Names a list of marks by what is in it. */
export function keyOfMarks(marks: readonly Mark[]): string {
  return createHash('sha256')
    .update(JSON.stringify(marks))
    .digest()
    .subarray(0, KEY_BYTES)
    .toString('base64url');
}

/** @returns null when it would be too long */
export function encodeCursor(cursor: Cursor): string | null {
  const bytes: number[] = [];
  if (cursor.kind === 'whole') writeMarks(bytes, cursor.marks);
  else {
    bytes.push(REFERENCE, ...Buffer.from(cursor.key, 'base64url'));
    for (const [index, offset] of cursor.changes) {
      writeNumber(bytes, index);
      writeNumber(bytes, offset);
    }
  }
  return bytes.length > MOST_BYTES ? null : Buffer.from(bytes).toString('base64url');
}

/** @returns null for what no cursor of ours looks like */
export function decodeCursor(text: string): Cursor | null {
  if (!isCursorText(text)) return null;
  const bytes = Buffer.from(text, 'base64url');
  // One cursor has one spelling.
  if (bytes.toString('base64url') !== text) return null;
  const input = new Input(bytes.subarray(1));
  try {
    if (bytes[0] === WHOLE) return { kind: 'whole', marks: readMarks(input) };
    if (bytes[0] === REFERENCE) return readReference(input);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
  }
  return null;
}

/** The epochs first, since most topics share one; then each topic's fingerprint, epoch by its place, and offset. */
function writeMarks(bytes: number[], marks: readonly Mark[]): void {
  const epochs = [...new Set(marks.map(({ epoch }) => epoch))];
  bytes.push(WHOLE);
  writeNumber(bytes, epochs.length);
  for (const epoch of epochs) bytes.push(...Buffer.from(epoch, 'hex'));
  for (const { topic, epoch, offset } of marks) {
    bytes.push((topic >>> 24) & 0xff, (topic >>> 16) & 0xff, (topic >>> 8) & 0xff, topic & 0xff);
    if (epochs.length > 1) writeNumber(bytes, epochs.indexOf(epoch));
    writeNumber(bytes, offset);
  }
}

function readMarks(input: Input): Mark[] {
  const count = input.number();
  const epochs: string[] = [];
  while (epochs.length < count) epochs.push(input.take(EPOCH_BYTES).toString('hex'));
  const marks: Mark[] = [];
  while (!input.ended) {
    const topic = input.take(FINGERPRINT_BYTES).readUInt32BE(0);
    const epoch = epochs[epochs.length > 1 ? input.number() : 0];
    if (epoch === undefined) throw new Malformed();
    marks.push({ topic, epoch, offset: input.number() });
  }
  return marks;
}

function readReference(input: Input): Cursor {
  const key = input.take(KEY_BYTES).toString('base64url');
  const changes: [number, number][] = [];
  while (!input.ended) changes.push([input.number(), input.number()]);
  return { kind: 'reference', key, changes };
}

/** LEB128: seven bits a byte, the lowest first. */
function writeNumber(bytes: number[], value: number): void {
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
}

class Malformed extends Error {}

class Input {
  private at = 0;

  constructor(private readonly bytes: Buffer) {}

  get ended(): boolean {
    return this.at >= this.bytes.length;
  }

  take(count: number): Buffer {
    if (this.at + count > this.bytes.length) throw new Malformed();
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  number(): number {
    let value = 0;
    for (let place = 1; ; place *= 0x80) {
      const [byte = 0] = this.take(1);
      value += (byte & 0x7f) * place;
      if (value > Number.MAX_SAFE_INTEGER) throw new Malformed();
      if (byte < 0x80) return value;
    }
  }
}
