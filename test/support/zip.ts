/** Bytes [start, end) of an archive. */
type ReadZip = (start: number, end: number) => Buffer;

/** An entry as the central directory and its local header describe it. */
export interface ReadEntry {
  name: string;
  size: number;
  crc32: number;
  /** Of the local header. */
  offset: number;
  /** Of the content. */
  dataAt: number;
  flags: number;
  method: number;
  versionNeeded: number;
  madeBy: number;
  attributes: number;
  /** Year, month, day, hour, minute, second. */
  dosTime: number[];
  /** Seconds since 1970 of the extended timestamp; null without one. */
  unixTime: number | null;
  /** Ids of the extra fields in the central directory, and in the local header. */
  extras: [number[], number[]];
}

/** What is at the end of the archive. */
export interface ReadEnd {
  zip64: boolean;
  count: number;
  directoryAt: number;
}

/**
 * Reads a ZIP archive as a reader does: from its end. It knows only what an archive of stored files needs.
 * @throws when one record contradicts another
 */
export function readZip(read: ReadZip, size: number): { end: ReadEnd; entries: ReadEntry[] } {
  const { zip64, count, directorySize, directoryAt, endAt } = readZipEnd(read, size);
  check(directoryAt + directorySize === endAt, 'the directory ends where the end records begin');
  const directory = read(directoryAt, endAt);
  const entries: ReadEntry[] = [];
  let at = 0;
  while (at < directory.length) {
    const header = directory.subarray(at);
    check(header.readUInt32LE(0) === 0x02014b50, 'a central header');
    const length = 46 + header.readUInt16LE(28) + header.readUInt16LE(30) + header.readUInt16LE(32);
    entries.push(readEntry(read, header.subarray(0, length)));
    at += length;
  }
  check(entries.length === count, 'the number of entries');
  return { end: { zip64, count, directoryAt }, entries };
}

/** What the records at the end say, the directory unread. */
export function readZipEnd(read: ReadZip, size: number) {
  const end = read(size - 22, size);
  check(end.readUInt32LE(0) === 0x06054b50 && end.readUInt16LE(20) === 0, 'an end record');
  check(end.readUInt16LE(8) === end.readUInt16LE(10), 'one disk');
  const values = [end.readUInt16LE(10), end.readUInt32LE(12), end.readUInt32LE(16)] as const;
  const zip64 = values[0] === 0xffff || values[1] === 0xffffffff || values[2] === 0xffffffff;
  if (!zip64) {
    const [count, directorySize, directoryAt] = values;
    return { zip64, count, directorySize, directoryAt, endAt: size - 22 };
  }
  const locator = read(size - 42, size - 22);
  check(locator.readUInt32LE(0) === 0x07064b50 && locator.readUInt32LE(16) === 1, 'a ZIP64 locator');
  const endAt = Number(locator.readBigUInt64LE(8));
  const record = read(endAt, size - 42);
  check(record.readUInt32LE(0) === 0x06064b50, 'a ZIP64 end record');
  check(Number(record.readBigUInt64LE(4)) === record.length - 12, 'its length');
  const [count, directorySize, directoryAt] = [32, 40, 48].map((at) => Number(record.readBigUInt64LE(at)));
  return { zip64, count: count!, directorySize: directorySize!, directoryAt: directoryAt!, endAt };
}

function readEntry(read: ReadZip, header: Buffer): ReadEntry {
  const nameLength = header.readUInt16LE(28);
  const name = header.subarray(46, 46 + nameLength);
  const extras = readExtras(header.subarray(46 + nameLength));
  const wide = wideValues(extras);
  const take = (value: number) => (value === 0xffffffff ? wide.shift()! : value);
  const size = take(header.readUInt32LE(24));
  check(take(header.readUInt32LE(20)) === size, 'a stored file has the same size compressed');
  const offset = take(header.readUInt32LE(42));
  check(wide.length === 0, 'no ZIP64 value is left over');
  const local = readLocal(read, offset);
  check(local.name.equals(name), 'both headers have the same name');
  check(local.size === size, 'both headers have the same size');
  check(
    local.common.equals(header.subarray(8, 20)),
    'both headers have the same flags, method, time and CRC',
  );
  const [time, date] = [header.readUInt16LE(12), header.readUInt16LE(14)];
  return {
    name: name.toString(),
    size,
    crc32: header.readUInt32LE(16),
    offset,
    dataAt: local.dataAt,
    flags: header.readUInt16LE(8),
    method: header.readUInt16LE(10),
    versionNeeded: header.readUInt16LE(6),
    madeBy: header.readUInt16LE(4),
    attributes: header.readUInt32LE(38),
    dosTime: [
      ...[(date >> 9) + 1980, (date >> 5) & 15, date & 31],
      ...[time >> 11, (time >> 5) & 63, (time & 31) * 2],
    ],
    unixTime: extras.get(0x5455)?.readUInt32LE(1) ?? null,
    extras: [[...extras.keys()], [...local.extras.keys()]],
  };
}

function readLocal(read: ReadZip, offset: number) {
  const fixed = read(offset, offset + 30);
  check(fixed.readUInt32LE(0) === 0x04034b50, 'a local header');
  const nameEnd = offset + 30 + fixed.readUInt16LE(26);
  const dataAt = nameEnd + fixed.readUInt16LE(28);
  const extras = readExtras(read(nameEnd, dataAt));
  const wide = wideValues(extras);
  const sizes = [fixed.readUInt32LE(18), fixed.readUInt32LE(22)];
  check(sizes[0] === sizes[1], 'a stored file has the same size compressed');
  if (sizes[0] === 0xffffffff) check(wide.length === 2 && wide[0] === wide[1], 'both sizes are in ZIP64');
  else check(wide.length === 0, 'no ZIP64 value is left over');
  return {
    name: read(offset + 30, nameEnd),
    common: fixed.subarray(6, 18),
    size: sizes[0] === 0xffffffff ? wide[0]! : sizes[0]!,
    extras,
    dataAt,
  };
}

function readExtras(bytes: Buffer): Map<number, Buffer> {
  const extras = new Map<number, Buffer>();
  for (let at = 0; at < bytes.length;) {
    const end = at + 4 + bytes.readUInt16LE(at + 2);
    check(end <= bytes.length, 'an extra field ends within its header');
    extras.set(bytes.readUInt16LE(at), bytes.subarray(at + 4, end));
    at = end;
  }
  return extras;
}

function wideValues(extras: Map<number, Buffer>): number[] {
  const data = extras.get(1) ?? Buffer.alloc(0);
  return Array.from({ length: data.length / 8 }, (_, index) => Number(data.readBigUInt64LE(index * 8)));
}

function check(condition: boolean, what: string): void {
  if (!condition) throw new Error(`not ${what}`);
}
