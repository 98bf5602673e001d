import type { ResumableChunk } from '../../services/resumable-uploads';
import { FieldReader, type ClientFields } from './client-fields';

/** More would make the bookkeeping of what has come a burden for everybody; it is 100 GiB in chunks of 1 MiB. */
export const MOST_CLIENT_CHUNKS = 100_000;

/** resumable.js, flow.js, and simple-uploader.js, which has none. */
const PREFIXES = ['resumable', 'flow', ''] as const;

/** What every client of the family calls its fields, after its prefix. */
const FIELDS = [
  'ChunkNumber',
  'ChunkSize',
  'CurrentChunkSize',
  'TotalSize',
  'Type',
  'Identifier',
  'Filename',
  'RelativePath',
  'TotalChunks',
] as const;

type FieldName = (typeof FIELDS)[number];

/**
 * What a client of the resumable.js family says of a chunk, whatever prefix its fields have.
 * @param query of the address; resumable.js says everything there, and again in the form
 * @param form the fields before the file, or none
 * @throws `InvalidRequest` naming, as the client does, every field that is missing, wrong, or contradicts another one
 */
export function readResumableChunk(query: ClientFields, form: ClientFields = {}): ResumableChunk {
  const reader = new FieldReader([query, form]);
  const prefix = PREFIXES.find((candidate) => FIELDS.some((name) => reader.has(named(candidate, name)))) ?? '';
  const at = (name: FieldName) => named(prefix, name);
  const number = reader.number(at('ChunkNumber'), 1);
  const chunkSize = reader.number(at('ChunkSize'), 1);
  const size = reader.number(at('TotalSize'), 0);
  const count = reader.number(at('TotalChunks'), 1);
  const identifier = reader.text(at('Identifier'));
  const name = reader.text(at('Filename'));
  const relativePath = reader.text(at('RelativePath'), { least: 0, otherwise: name });
  const type = reader.text(at('Type'), { least: 0, otherwise: '' });
  reader.done();
  const extent = extentOf(reader, at, { number, chunkSize, size, count });
  reader.done();
  return { identifier, name, relativePath, type: type === '' ? undefined : type, size, chunkSize, extent };
}

interface Said {
  /** Counted from 1. */
  number: number;
  chunkSize: number;
  size: number;
  count: number;
}

/**
 * The bytes of the chunk. By default the last chunk has what is left over, too, and so up to twice the others' bytes;
 * with `forceChunkSize` what is left over is a chunk of its own.
 */
function extentOf(reader: FieldReader, at: (name: FieldName) => string, said: Said) {
  const { number, chunkSize, size, count } = said;
  const counts = [Math.floor(size / chunkSize), Math.ceil(size / chunkSize)].map((n) => Math.max(n, 1));
  if (!counts.includes(count)) reader.refuse(at('TotalChunks'), 'does not go with the sizes');
  if (count > MOST_CLIENT_CHUNKS)
    reader.refuse(at('ChunkSize'), `should be larger: there may be at most ${MOST_CLIENT_CHUNKS} chunks`);
  if (number > count) reader.refuse(at('ChunkNumber'), `should be at most ${count}`);
  const start = (number - 1) * chunkSize;
  const end = number === count ? size : Math.min(start + chunkSize, size);
  const current = at('CurrentChunkSize');
  if (reader.has(current) && reader.number(current, 0) !== end - start)
    reader.refuse(current, `should be ${end - start}`);
  return { start, end };
}

function named(prefix: (typeof PREFIXES)[number], name: FieldName): string {
  return prefix === '' ? name.charAt(0).toLowerCase() + name.slice(1) : prefix + name;
}
