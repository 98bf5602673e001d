import type { SizedChunk } from '../../services/merged-uploads';
import { FieldReader, type ClientFields } from './client-fields';
import { MOST_CLIENT_CHUNKS } from './resumable-fields';

/**
 * What miniprogram-file-uploader says of a chunk. It names the bytes of the chunk, not of all chunks: those of another
 * chunk than the last are those of all, and from the last one they follow.
 * @throws `InvalidRequest` naming every field that is missing, wrong, or contradicts another one
 */
export function readWechatChunk(query: ClientFields): SizedChunk & { identifier: string } {
  const reader = new FieldReader([query]);
  const identifier = reader.text('identifier');
  const name = reader.text('fileName', { least: 0, otherwise: '' });
  const index = reader.number('index', 0);
  const length = reader.number('chunkSize', 1);
  const count = reader.number('totalChunks', 1);
  const size = reader.number('totalSize', 1);
  reader.done();
  if (count > MOST_CLIENT_CHUNKS) reader.refuse('totalChunks', `should be at most ${MOST_CLIENT_CHUNKS}`);
  if (index >= count) reader.refuse('index', `should be below ${count}`);
  reader.done();
  const isLast = index === count - 1;
  const before = count - 1;
  const chunkSize = !isLast ? length : before === 0 ? size : (size - length) / before;
  const fits = Number.isInteger(chunkSize) && before * chunkSize < size && size <= count * chunkSize;
  const start = isLast ? size - length : index * length;
  if (!fits || start < 0 || (isLast && before === 0 && length !== size))
    reader.refuse('chunkSize', 'does not go with totalSize and totalChunks');
  reader.done();
  return { identifier, name, size, chunkSize, extent: { start, end: start + length } };
}
