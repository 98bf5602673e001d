import { lookup } from 'mime-types';
import { normalizeMediaType } from './http/media-types';

const UNKNOWN = 'application/octet-stream';

/** What a file is: what the client says, else what its name says. */
export function mediaTypeOf(declared: string | undefined, name: string): string {
  const type = declared === undefined ? UNKNOWN : normalizeMediaType(declared);
  return type === UNKNOWN ? lookup(name) || UNKNOWN : type;
}
