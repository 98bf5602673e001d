import { InvalidRequest, LengthRequired, TooLarge } from '../../errors';
import type { Context } from '../../middleware/context';
import { announcedLength, bringsBody } from '../../middleware/request-body';
import type { ByteSource } from '../../models/blobs';
import { refuseContentCoding } from '../content-coding';

/**
 * The bytes of a chunk that is the body itself. It refuses by what the headers say, before a byte is read.
 * @param expected bytes of the chunk
 * @throws `LengthRequired`, `UnsupportedMediaType` for a content coding, `TooLarge`, `InvalidRequest`
 */
export function rawChunk(ctx: Context, expected: number): ByteSource {
  const announced = announcedLength(ctx);
  if (expected > 0 && announced === null && !bringsBody(ctx))
    throw new LengthRequired('The request has no Content-Length.');
  refuseContentCoding(ctx);
  if (announced !== null && announced !== expected) {
    const detail = `This chunk has ${expected} bytes, ${announced} were announced.`;
    throw announced > expected ? new TooLarge(detail) : new InvalidRequest(detail);
  }
  // An iteration that ends early would close the connection, and with it the way back for the answer.
  return ctx.req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
}
