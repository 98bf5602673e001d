import { UnsupportedMediaType } from '../errors';
import type { Context } from '../middleware/context';

/**
 * Bytes of files are stored as they are sent, so they are sent as they are.
 * @throws `UnsupportedMediaType` when the body comes in a content coding (RFC 9110 §8.4)
 */
export function refuseContentCoding(ctx: Context): void {
  const coding = ctx.get('Content-Encoding');
  if (coding !== '' && coding.toLowerCase() !== 'identity') {
    throw new UnsupportedMediaType('Bytes of files are sent as they are, without Content-Encoding.');
  }
}
