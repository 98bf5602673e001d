import type { Ending } from '../services/hub/endings';
import type { Format } from '../services/hub/messages';

/**
 * Why a connection was closed. After 4000–4099 a client does not come back by itself, after 4100–4199 later, after
 * 4200–4299 at once.
 */
export const closeCodes: Record<Ending, number> = {
  protocol: 4000,
  revoked: 4001,
  expired: 4002,
  unreadable: 4003,
  unavailable: 4100,
  slow: 4101,
  flooding: 4102,
  dead: 4103,
  restart: 4200,
  rotated: 4201,
  left: 1000,
};

const TEXT = 0x81;

/** A whole text as one frame of a server: final and not masked (RFC 6455 §5.2). */
export function textFrame(text: string): Buffer {
  const bytes = Buffer.byteLength(text);
  const start = bytes < 126 ? 2 : bytes < 0x10000 ? 4 : 10;
  const frame = Buffer.allocUnsafe(start + bytes);
  frame[0] = TEXT;
  if (start === 2) frame[1] = bytes;
  else if (start === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(bytes, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(bytes), 2);
  }
  frame.write(text, start);
  return frame;
}

/** An event of the log. */
export const frameFormat: Format<Buffer> = {
  encode: ({ json }) => textFrame(`{"op":"event","event":${json}}`),
};
