/** A file as it stands in a ZIP archive, uncompressed. */
export interface ZipEntry {
  /** Clean, with forward slashes if it has folders; no two of an archive are equal. */
  name: string;
  /** Bytes. */
  size: number;
  /** Of the content, an unsigned number of 32 bits. */
  crc32: number;
  /** Milliseconds since 1970. */
  modifiedAt: number;
}

/** Bytes of an archive: as they are, or bytes [start, end) of the entry with that index. */
export type ZipSpan =
  { kind: 'literal'; bytes: Buffer } | { kind: 'entry'; index: number; start: number; end: number };

/** A span and where it begins in the archive. */
interface PlacedSpan {
  at: number;
  length: number;
  /** Null for the content of an entry. */
  bytes: Buffer | null;
  index: number;
}

/** All bytes of an archive, in their order and without gaps. */
export interface ZipLayout {
  /** Bytes. */
  size: number;
  spans: readonly PlacedSpan[];
}

// The sections are those of APPNOTE.TXT 6.3.10, https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT.
const LOCAL_HEADER = 0x04034b50;
const CENTRAL_HEADER = 0x02014b50;
const ZIP64_END = 0x06064b50;
const ZIP64_LOCATOR = 0x07064b50;
const END = 0x06054b50;

/** §4.4.4, bit 11: names are UTF-8. */
const FLAGS = 0x0800;
/** §4.4.3: 2.0, or 4.5 for ZIP64. */
const VERSION = 20;
const VERSION_ZIP64 = 45;
/** §4.4.2: Unix, whose attributes have the permissions below. */
const MADE_ON_UNIX = 3 << 8;
/** A regular file, 0644, in the upper half of the external attributes. */
const ATTRIBUTES = 0o100644 * 0x10000;
/** §4.4.1.4: a field of 16 or 32 bits with this value is in the ZIP64 fields instead. */
const IN_ZIP64_16 = 0xffff;
const IN_ZIP64_32 = 0xffffffff;
/** Bytes of the id and the length of an extra field, §4.5.1. */
const FIELD_HEADER = 4;
/** §4.5.3. */
const EXTRA_ZIP64 = 0x0001;
/** Info-ZIP's extended timestamp: seconds since 1970 in UTC, where the DOS time knows no zone. */
const EXTRA_TIME = 0x5455;
const LATEST_TIME = 0x7fffffff;

/** Where each byte of an archive of these entries, in this order and uncompressed, comes from. */
export function layOutZip(entries: readonly ZipEntry[]): ZipLayout {
  const spans: PlacedSpan[] = [];
  const central: Buffer[] = [];
  let at = 0;
  const place = (length: number, bytes: Buffer | null, index: number): void => {
    if (length === 0) return;
    spans.push({ at, length, bytes, index });
    at += length;
  };
  for (const [index, entry] of entries.entries()) {
    central.push(centralHeader(entry, at));
    const header = localHeader(entry);
    place(header.length, header, index);
    place(entry.size, null, index);
  }
  const directory = Buffer.concat(central);
  const end = endRecords({ count: entries.length, size: directory.length, offset: at });
  const tail = Buffer.concat([directory, end]);
  place(tail.length, tail, entries.length);
  return { size: at, spans };
}

/** The spans of bytes [start, end) of an archive, none of them empty. */
export function* cutZip({ spans }: ZipLayout, start: number, end: number): Generator<ZipSpan> {
  for (let position = spanAt(spans, start); ; position += 1) {
    const span = spans[position];
    if (!span || span.at >= end) return;
    const from = Math.max(0, start - span.at);
    const to = Math.min(span.length, end - span.at);
    if (from >= to) continue;
    yield span.bytes
      ? { kind: 'literal', bytes: span.bytes.subarray(from, to) }
      : { kind: 'entry', index: span.index, start: from, end: to };
  }
}

/** The last span that begins at or before the offset. */
function spanAt(spans: readonly PlacedSpan[], offset: number): number {
  let low = 0;
  let high = spans.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((spans[middle]?.at ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** §4.3.7. Sizes and CRC are known, so that no data descriptor follows. */
function localHeader(entry: ZipEntry): Buffer {
  const wide = entry.size >= IN_ZIP64_32;
  const header = makeHeader({ fixed: 30, common: 4, entry, wide: wide ? [entry.size, entry.size] : [] });
  header.writeUInt32LE(LOCAL_HEADER, 0);
  return header;
}

/**
 * §4.3.12. One value that is too large puts all three into the ZIP64 field: beside a file of exactly 4 GiB - 1 bytes,
 * unzip 6.0 looks for sizes there also where they would fit.
 * @param offset of the entry's local header
 */
function centralHeader(entry: ZipEntry, offset: number): Buffer {
  const wide = entry.size >= IN_ZIP64_32 || offset >= IN_ZIP64_32;
  const values = wide ? [entry.size, entry.size, offset] : [];
  const header = makeHeader({ fixed: 46, common: 6, entry, wide: values });
  header.writeUInt32LE(CENTRAL_HEADER, 0);
  header.writeUInt16LE(MADE_ON_UNIX | versionFor(wide), 4);
  header.writeUInt32LE(ATTRIBUTES, 38);
  header.writeUInt32LE(wide ? IN_ZIP64_32 : offset, 42);
  return header;
}

interface HeaderParts {
  /** Bytes before the name. */
  fixed: number;
  /** Where the fields begin that both kinds of header have. */
  common: number;
  entry: ZipEntry;
  /** Values of the ZIP64 field; without any there is none. */
  wide: number[];
}

/**
 * A header with its name, its extra fields, and what both kinds have in common: version, flags, method 0 for "stored",
 * time, CRC-32, the two equal sizes and the lengths of name and extra fields. In one buffer, because each request for a
 * range makes all headers of its archive.
 */
function makeHeader({ fixed, common, entry, wide }: HeaderParts): Buffer {
  const nameLength = Buffer.byteLength(entry.name);
  const wideLength = wide.length === 0 ? 0 : FIELD_HEADER + wide.length * 8;
  const seconds = Math.floor(entry.modifiedAt / 1000);
  const timeLength = seconds >= 0 && seconds <= LATEST_TIME ? FIELD_HEADER + 5 : 0;
  const header = Buffer.alloc(fixed + nameLength + wideLength + timeLength);
  const size = wide.length > 0 ? IN_ZIP64_32 : entry.size;
  header.writeUInt16LE(versionFor(wide.length > 0), common);
  header.writeUInt16LE(FLAGS, common + 2);
  header.writeUInt32LE(dosTime(entry.modifiedAt), common + 6);
  header.writeUInt32LE(entry.crc32, common + 10);
  header.writeUInt32LE(size, common + 14);
  header.writeUInt32LE(size, common + 18);
  header.writeUInt16LE(nameLength, common + 22);
  header.writeUInt16LE(wideLength + timeLength, common + 24);
  header.write(entry.name, fixed);
  const extra = fixed + nameLength;
  if (wideLength > 0) {
    writeFieldHeader(header, extra, EXTRA_ZIP64, wideLength);
    for (const [index, value] of wide.entries()) {
      header.writeBigUInt64LE(BigInt(value), extra + FIELD_HEADER + index * 8);
    }
  }
  if (timeLength > 0) {
    const at = extra + wideLength;
    writeFieldHeader(header, at, EXTRA_TIME, timeLength);
    // There is a time of modification, and no other.
    header.writeUInt8(1, at + FIELD_HEADER);
    header.writeUInt32LE(seconds, at + FIELD_HEADER + 1);
  }
  return header;
}

/** @param length of the field with this header */
function writeFieldHeader(header: Buffer, at: number, id: number, length: number): void {
  header.writeUInt16LE(id, at);
  header.writeUInt16LE(length - FIELD_HEADER, at + 2);
}

function versionFor(zip64: boolean): number {
  return zip64 ? VERSION_ZIP64 : VERSION;
}

/** §4.3.14 to §4.3.16. */
function endRecords({ count, size, offset }: { count: number; size: number; offset: number }): Buffer {
  const needed = count >= IN_ZIP64_16 || size >= IN_ZIP64_32 || offset >= IN_ZIP64_32;
  const end = Buffer.alloc(22);
  end.writeUInt32LE(END, 0);
  end.writeUInt16LE(Math.min(count, IN_ZIP64_16), 8);
  end.writeUInt16LE(Math.min(count, IN_ZIP64_16), 10);
  end.writeUInt32LE(Math.min(size, IN_ZIP64_32), 12);
  end.writeUInt32LE(Math.min(offset, IN_ZIP64_32), 16);
  if (!needed) return end;
  const zip64 = Buffer.alloc(56);
  zip64.writeUInt32LE(ZIP64_END, 0);
  // Of the rest of this record.
  zip64.writeBigUInt64LE(44n, 4);
  zip64.writeUInt16LE(MADE_ON_UNIX | VERSION_ZIP64, 12);
  zip64.writeUInt16LE(VERSION_ZIP64, 14);
  zip64.writeBigUInt64LE(BigInt(count), 24);
  zip64.writeBigUInt64LE(BigInt(count), 32);
  zip64.writeBigUInt64LE(BigInt(size), 40);
  zip64.writeBigUInt64LE(BigInt(offset), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(ZIP64_LOCATOR, 0);
  locator.writeBigUInt64LE(BigInt(offset + size), 8);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([zip64, locator, end]);
}

/** §4.4.6, in UTC: the date in the upper 16 bits, from 1980 to 2107; seconds are even. */
function dosTime(modifiedAt: number): number {
  const time = new Date(
    Math.min(Math.max(modifiedAt, Date.UTC(1980, 0, 1)), Date.UTC(2107, 11, 31, 23, 59, 58)),
  );
  const date = ((time.getUTCFullYear() - 1980) << 9) | ((time.getUTCMonth() + 1) << 5) | time.getUTCDate();
  const clock = (time.getUTCHours() << 11) | (time.getUTCMinutes() << 5) | (time.getUTCSeconds() >> 1);
  return date * 0x10000 + clock;
}
