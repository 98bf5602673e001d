import { isUtf8 } from 'node:buffer';
import { InvalidRequest } from '../errors';
import type { UploadRecord } from '../models/sql';
import { sha256 as sha256Text, visibility as visibilityText } from '../schemas/common';
import { parseMetadata } from '../services/http/tus-fields';
import type { NewUpload } from '../services/upload-draft';

/** What tus wants to be told again of an upload: two fields as they were sent. */
interface TusState {
  metadata: string;
  concat: string;
}

/** Begins what is kept with an upload of this door. */
const DOOR = 'tus ';

/** The text that is kept with an upload of this door. */
export function keptState({ metadata, concat }: TusState): string {
  return DOOR + JSON.stringify({ metadata, concat });
}

/** @returns with `isTus` false what came in by another door */
export function tusState({ clientState }: UploadRecord): TusState & { isTus: boolean } {
  if (!clientState?.startsWith(DOOR)) return { metadata: '', concat: '', isTus: false };
  return { ...(JSON.parse(clientState.slice(DOOR.length)) as TusState), isTus: true };
}

/**
 * What the metadata says of the file; names differ from client to client.
 * @param field as it was sent
 * @param isPiece of a file: then it has no name or digest of its own
 * @throws `InvalidRequest`
 */
export function attributesOf(
  field: string,
  isPiece: boolean,
): Pick<NewUpload, 'name' | 'type' | 'sha256' | 'visibility'> {
  const metadata = parseMetadata(field);
  if (!metadata) throw new InvalidRequest('Upload-Metadata should be keys with values in Base64, each once.');
  const text = (...names: string[]): string | undefined => {
    const name = names.find((one) => metadata.has(one)) ?? '';
    const bytes = metadata.get(name);
    if (bytes && !isUtf8(bytes)) throw new InvalidRequest(`Upload-Metadata: ${name} should be UTF-8.`);
    return bytes?.toString();
  };
  const name = text('filename', 'name') ?? '';
  const type = text('filetype', 'type');
  if (isPiece) return { name, type };
  const sha256 = sha256Text.optional().safeParse(text('sha256'));
  if (!sha256.success)
    throw new InvalidRequest('Upload-Metadata: sha256 should be a SHA-256 of 64 hexadecimal digits.');
  const visibility = visibilityText.optional().safeParse(text('visibility'));
  if (!visibility.success)
    throw new InvalidRequest('Upload-Metadata: visibility should be private or public.');
  return { name, type, sha256: sha256.data, visibility: visibility.data };
}
