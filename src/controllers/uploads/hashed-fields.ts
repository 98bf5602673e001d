import { FieldReader, type ClientFields } from './client-fields';
import { MOST_CLIENT_CHUNKS } from './resumable-fields';

interface HashedChunk {
  fileHash: string;
  /** As the client sent it: it is looked for in answers in just that form. */
  hash: string;
  /** Counted from 0. */
  index: number;
  filename: string;
}

/**
 * What a home-grown client says of a chunk: `hash` is `<fileHash>-<index>`.
 * @throws `InvalidRequest` naming every field that is missing or wrong
 */
export function readHashedChunk(form: ClientFields): HashedChunk {
  const reader = new FieldReader([form]);
  const fileHash = reader.text('fileHash');
  const filename = reader.text('filename');
  const hash = reader.text('hash');
  reader.done();
  const digits = hash.startsWith(`${fileHash}-`) ? hash.slice(fileHash.length + 1) : '';
  const index = /^(0|[1-9]\d{0,8})$/.test(digits) ? Number(digits) : NaN;
  if (!(index < MOST_CLIENT_CHUNKS))
    reader.refuse('hash', `should be fileHash, a hyphen and a number below ${MOST_CLIENT_CHUNKS}`);
  reader.done();
  return { fileHash, hash, index, filename };
}
